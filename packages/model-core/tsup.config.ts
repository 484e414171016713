import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild({ index: "src/index.ts" }, { define: { SOURCES_DIGEST: JSON.stringify(digestOf("src")) } });

/** Of all that is built, so that a graph which other code has kept is not taken for one of this code. */
function digestOf(folder: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((each) => each.endsWith(".ts") && !each.endsWith(".test.ts")).sort()) {
    hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}
