import type { CacheFolders } from "./cache-entries.js";
import { hubSettings, type Environment } from "./hub-settings.js";
import { smolvlmCacheDir } from "./smolvlm-cache-dir.js";

/**
 * The folders that downloads and converted weights are kept in.
 *
 * @param environment - variables to read; the process's own when absent.
 */
export async function cacheFolders(environment: Environment = process.env): Promise<CacheFolders> {
  const { cacheDir } = await hubSettings({ token: false }, environment);
  return { hub: cacheDir, converted: smolvlmCacheDir(environment) };
}
