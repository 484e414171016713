/** Prints, as Markdown, how near each format's answers and logits are to those of fp32. `node quality.mjs [FORMAT …]` */
import { table } from "../report.mjs";
import { FORMATS, measureQuality } from "./measure-quality.mjs";

const given = process.argv.slice(2);
const measured = await measureQuality({ formats: given.length > 0 ? given : FORMATS, log: console.error });
const percent = (part, digits) => `${(100 * part).toFixed(digits)} %`;
const error = (found) => (found ? `${percent(found.rms, 2)} (${percent(found.max, 1)})` : "");
const rows = Object.entries(measured).map(([format, { scenes, equal, logits }]) => {
  const errors = ["whole", "vision", "text", "head"].map((part) => error(logits[part]));
  return [format, percent(equal / scenes, 1), ...errors];
});
const head = ["", "answers equal", "logits, root mean square (greatest)", "vision alone", "text alone", "head alone"];
console.log(table(head, rows));
