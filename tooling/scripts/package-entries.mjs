// The entries of the package in the working directory: what its `exports` offers to TypeScript.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/**
 * @typedef {{ readonly subpath: string; readonly name: string; readonly types: string }} Entry
 *   `subpath` as in `exports`, `name` for file names (`index`, `node`), `types` the absolute path of the declarations.
 */

/** @returns {{ readonly packageName: string; readonly entries: readonly Entry[] }} */
export function packageEntries(folder = process.cwd()) {
  const { name, exports = {} } = JSON.parse(readFileSync(resolve(folder, "package.json"), "utf8"));
  const entries = Object.entries(exports).flatMap(([subpath, target]) => {
    const types = typesOf(target);
    if (types === undefined) return [];
    const entryName = subpath === "." ? "index" : subpath.slice(2).replaceAll("/", "-");
    return [{ subpath, name: entryName, types: resolve(folder, types) }];
  });
  const missing = entries.find((entry) => !existsSync(entry.types));
  if (missing) throw new Error(`${name}: ${missing.types} does not exist; build the package first.`);
  return { packageName: name, entries };
}

/** Conditions may nest; the first `types` is what editors see. */
function typesOf(target) {
  if (typeof target !== "object" || target === null) return undefined;
  if (typeof target.types === "string") return target.types;
  return Object.values(target)
    .map(typesOf)
    .find((found) => found !== undefined);
}
