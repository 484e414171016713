/** Prints, as Markdown, how near each format's answers and logits are to those of fp32. `node quality.mjs [--json FILE] [FORMAT …]` */
import { parseArgs } from "node:util";
import { writeWhole } from "../write-whole.mjs";
import { FORMATS, measureQuality } from "./measure-quality.mjs";
import { qualityTable } from "./quality-table.mjs";

const { values, positionals } = parseArgs({ options: { json: { type: "string" } }, allowPositionals: true });
const measured = await measureQuality({ formats: positionals.length > 0 ? positionals : FORMATS, log: console.error });
if (values.json) await writeWhole(values.json, `${JSON.stringify(measured, null, 1)}\n`);
console.log(qualityTable(measured));
