import { memoryByteSource } from "@smolvlm/hub";
import { expect, test } from "vitest";
import { EmbeddingTable } from "./embedding-table.js";

const [vocabulary, hidden] = [5000, 64];
const values = Float32Array.from({ length: vocabulary * hidden }, (_, index) => index);

function table(): {
  readonly table: EmbeddingTable;
  readonly reads: [number, number][];
  readonly held: [number, number][];
} {
  const reads: [number, number][] = [];
  const held: [number, number][] = [];
  const bytes = new Uint8Array(100 + values.byteLength);
  bytes.set(new Uint8Array(values.buffer), 100);
  const whole = memoryByteSource(bytes);
  const source = {
    size: whole.size,
    read: (offset: number, length: number) => {
      reads.push([offset, length]);
      return whole.read(offset, length);
    },
    hold: (offset: number, length: number) => void held.push([offset, length]),
  };
  const place = { file: { file: "m.safetensors", source }, offset: 100, byteLength: values.byteLength };
  const tensor = { key: "embed", dtype: "F32", shape: [vocabulary, hidden], ...place } as const;
  return { table: new EmbeddingTable(tensor), reads, held };
}

test("only the rows asked for are read, near ones together, and each once", async () => {
  const { table: embeddings, reads } = table();
  const rows = await embeddings.rows([7, 4999, 5, 7]);
  expect([...rows.keys()].sort((a, b) => a - b)).toEqual([5, 7, 4999]);
  for (const [id, row] of rows) expect(row).toEqual(values.slice(id * hidden, (id + 1) * hidden));
  expect(reads).toEqual([
    [100 + 5 * 256, 3 * 256],
    [100 + 4999 * 256, 256],
  ]);
  await embeddings.rows([5, 7]);
  expect(reads).toHaveLength(2);
  expect(await embeddings.rows([])).toEqual(new Map());
});

test("a remote file is told to hold the table, before it is read for the first time", () => {
  const { reads, held } = table();
  expect(held).toEqual([[100, values.byteLength]]);
  expect(reads).toEqual([]);
});
