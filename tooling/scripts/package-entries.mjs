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
    const entryName = subpath === "." ? "index" : subpath.slice(2).replaceAll("/", "-");
    return typesOf(target).map(({ condition, types }, index) => ({
      subpath,
      name: index === 0 ? entryName : `${entryName}-${condition}`,
      types: resolve(folder, types),
    }));
  });
  const missing = entries.find((entry) => !existsSync(entry.types));
  if (missing) throw new Error(`${name}: ${missing.types} does not exist; build the package first.`);
  return { packageName: name, entries };
}

/** The declarations of an entry: one, or where conditions nest one for each, the outer condition's name beside it. */
function typesOf(target, condition = "") {
  if (typeof target !== "object" || target === null) return [];
  if (typeof target.types === "string") return [{ condition, types: target.types }];
  return Object.entries(target).flatMap(([name, nested]) => typesOf(nested, condition || name));
}
