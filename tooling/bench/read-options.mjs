import process from "node:process";
import { parseArgs } from "node:util";

/**
 * Options of a benchmark of one model: `--model`, and those that have defaults.
 *
 * @param {string} help printed where it is asked for, or no model is given.
 * @param {Record<string, string>} defaults
 * @returns {Record<string, string> | undefined} undefined where the help was printed.
 */
export function readOptions(help, defaults) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: "string", default: value }]),
  );
  const { values } = parseArgs({ options: { ...options, model: { type: "string" }, help: { type: "boolean" } } });
  if (!values.help && values.model) return values;
  console.log(help);
  process.exitCode = values.help ? 0 : 2;
  return undefined;
}
