import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { expandHome, type Environment } from "./hub-settings.js";

/**
 * The folder for converted weights and for models downloaded from plain addresses: `SMOLVLM_CACHE` when set, else `smolvlm` in
 * `HF_HOME` (whoever moved the Hub's cache to a large disk wants this one there too), else `smolvlm` in `XDG_CACHE_HOME`, else
 * `~/.cache/smolvlm`. Everything in it can be made again, so it may be deleted whenever no model is loaded.
 *
 * @param environment - variables to read; the process's own when absent.
 */
export function smolvlmCacheDir(environment: Environment = process.env): string {
  const { SMOLVLM_CACHE: own, HF_HOME: hub, XDG_CACHE_HOME: xdg } = environment;
  if (own) return resolve(expandHome(own));
  const parent = hub || xdg;
  return parent ? resolve(expandHome(parent), "smolvlm") : join(homedir(), ".cache", "smolvlm");
}
