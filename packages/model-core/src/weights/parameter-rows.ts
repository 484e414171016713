import type { Parameter } from "./checkpoint-tensor.js";

/** Rows `[from, from + count)` of a matrix, a parameter of their own. Quantised forms are left behind. */
export function parameterRows(whole: Parameter, from: number, count: number): Parameter {
  const { key, shape, numbers } = whole;
  const [rows = 1, ...rest] = shape;
  const rowBytes = (numbers?.byteLength ?? 0) / rows;
  const own = { key: `${key}[${from}:${from + count}]`, shape: [count, ...rest] };
  const part = numbers && {
    ...numbers,
    ...own,
    offset: numbers.offset + from * rowBytes,
    byteLength: count * rowBytes,
  };
  return { ...own, numbers: part, forms: new Map(), whole };
}
