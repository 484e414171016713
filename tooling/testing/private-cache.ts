import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Gives the whole test run an empty cache of its own for converted weights, so that nothing is left on the machine or found there. */
export default function privateCache(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "smolvlm-test-cache-"));
  process.env["SMOLVLM_CACHE"] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
