import { median } from "@smolvlm/cli/bench";

/** A table in Markdown; all columns but the first are aligned to the right. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n");
}

/** `median (lowest–highest)` of those numbers that were measured. */
export function spread(values, digits) {
  const found = values.filter(Number.isFinite);
  if (found.length === 0) return "";
  const [low, high] = [Math.min(...found), Math.max(...found)].map((value) => value.toFixed(digits));
  return `${median(found).toFixed(digits)} (${low}–${high})`;
}
