import { table } from "../markdown-table.mjs";

const HEAD = ["", "answers equal", "logits, root mean square (greatest)", "vision alone", "text alone", "head alone"];

/**
 * How near each format's answers and logits are to those of fp32, as Markdown.
 *
 * @param {Record<string, import("./measure-quality.mjs").FormatQuality>} measured
 */
export function qualityTable(measured) {
  const rows = Object.entries(measured).map(([format, { scenes, equal, logits }]) => {
    const errors = ["whole", "vision", "text", "head"].map((part) => errorCell(logits[part]));
    return [format, percent(equal / scenes, 1), ...errors];
  });
  return table(HEAD, rows);
}

function errorCell(found) {
  return found ? `${percent(found.rms, 2)} (${percent(found.max, 1)})` : "";
}

function percent(part, digits) {
  return `${(100 * part).toFixed(digits)} %`;
}
