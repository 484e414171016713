import { ModelFileError } from "@smolvlm/contracts";
import { memoryByteSource } from "@smolvlm/hub";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { safetensorsHeader } from "../testing/zero-checkpoint.js";
import type { CheckpointTensor } from "./checkpoint-tensor.js";
import { MAX_HEADER_BYTES, readSafetensorsHeader } from "./safetensors-header.js";

function file(json: string, data = 0, claimed?: number): Uint8Array {
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const read = (bytes: Uint8Array): Promise<readonly CheckpointTensor[]> => {
  return readSafetensorsHeader({ file: "model.safetensors", source: memoryByteSource(bytes) });
};
const entry = (dtype: unknown, shape: unknown, ...offsets: unknown[]): string => {
  return JSON.stringify({ dtype, shape, data_offsets: offsets });
};

test("tensors are found by key, with their place in the file", async () => {
  const json = `{"__metadata__":{"format":"pt"},"b":${entry("BF16", [3], 8, 14)},"a":${entry("F32", [1, 2], 0, 8)}}  `;
  const tensors = await read(file(json, 14));
  const start = 8 + json.length;
  expect(tensors).toMatchObject([
    { key: "b", dtype: "BF16", shape: [3], offset: start + 8, byteLength: 6 },
    { key: "a", dtype: "F32", shape: [1, 2], offset: start, byteLength: 8 },
  ]);
});

describe("damaged files are refused, naming the file and what is wrong", () => {
  const a = entry("F32", [2], 0, 8);
  test.each([
    ["too short", new Uint8Array(7), /it has 7 bytes, too few/],
    [
      "a header larger than the limit",
      file("{}", 0, MAX_HEADER_BYTES + 1),
      /its header claims 16777217 bytes and at most/,
    ],
    ["a header length above 2⁵³", file("{}", 0, 2 ** 63), /its header claims 9223372036854776000 bytes and at most/],
    ["a header larger than the file", file("{}", 0, 100), /its header claims 100 bytes, but the file ends after 10/],
    ["not JSON", file("{x"), /its header is not JSON/],
    ["not UTF-8", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), /its header is not JSON/],
    ["not an object", file("[]"), /its header is not a JSON object/],
    ["an entry that is no object", file('{"a":3}'), /tensor a: its entry is not a JSON object/],
    [
      "an unknown dtype",
      file(`{"a":${entry("F31", [2], 0, 8)}}`, 8),
      /tensor a: its dtype is "F31", which is not an element type/,
    ],
    ["a dtype of Object.prototype", file(`{"a":${entry("toString", [2], 0, 8)}}`, 8), /its dtype is "toString"/],
    ["a negative size", file(`{"a":${entry("F32", [-2], 0, 8)}}`, 8), /tensor a: its shape is \[-2\]/],
    ["a fractional size", file(`{"a":${entry("F32", [0.5], 0, 2)}}`, 2), /tensor a: its shape is \[0.5\]/],
    [
      "too many axes",
      file(`{"a":${entry("F32", Array(9).fill(1), 0, 4)}}`, 4),
      /its shape is .* not an array of up to 8 sizes/,
    ],
    [
      "a size that overflows",
      file(`{"a":${entry("F32", [2 ** 40, 2 ** 40], 0, 8)}}`, 8),
      /takes 4\.\d+e\+24 bytes, but it has 8/,
    ],
    [
      "no offsets",
      file('{"a":{"dtype":"F32","shape":[2]}}', 8),
      /its data_offsets are missing, which is no range within 8/,
    ],
    ["offsets the wrong way round", file(`{"a":${entry("F32", [2], 8, 0)}}`, 8), /its data_offsets are \[8,0\]/],
    ["offsets out of the file", file(`{"a":${entry("F32", [2], 8, 16)}}`, 8), /its data_offsets are \[8,16\]/],
    [
      "a size that is not the shape's",
      file(`{"a":${entry("F32", [3], 0, 8)}}`, 8),
      /F32 \[3\] takes 12 bytes, but it has 8/,
    ],
    ["overlaps", file(`{"a":${a},"b":${entry("F32", [2], 4, 12)}}`, 12), /tensor b overlaps another one/],
    ["a gap", file(`{"b":${entry("F32", [2], 4, 12)}}`, 12), /4 bytes before tensor b belong to no tensor/],
    ["bytes behind the last tensor", file(`{"a":${a}}`, 9), /1 bytes at its end belong to no tensor/],
    ["the same key twice", file(`{"a":${a},"a":${a}}`, 8), /its header has the same key twice/],
    ["the same key twice, escaped", file(`{"a":${a},"\\u0061":${a}}`, 8), /its header has the same key twice/],
    ["a very long key", file(`{"${"k".repeat(600)}":${a}}`, 8), /its name has more than 512 characters/],
  ])("%s", async (_name, bytes, message) => {
    const error = await read(bytes).catch((cause: unknown) => cause);
    expect(ModelFileError.isInstance(error)).toBe(true);
    expect((error as ModelFileError).message).toMatch(message);
    expect((error as ModelFileError).message).toMatch(/^model\.safetensors: .*fetch it again\.$/);
    expect((error as ModelFileError).message).not.toContain("\n");
  });
});

test("whatever the bytes, the answer is tensors within the file or a ModelFileError", async () => {
  const { header, dataSize } = safetensorsHeader({ "a.weight": [4, 8], "b.weight": [16], "c.bias": [2, 2, 2] });
  const whole = new Uint8Array(header.length + dataSize);
  whole.set(header);
  const change = fc.record({
    at: fc.nat(header.length - 1),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(...'0123456789{}[],:"\\-e.'.split("").map((c) => c.charCodeAt(0)))),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(whole.length), async (changes, cut) => {
      const bytes = whole.slice(0, cut % 4 === 0 ? cut : whole.length);
      for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte;
      try {
        for (const { offset, byteLength } of await read(bytes))
          expect(offset + byteLength).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        if (!ModelFileError.isInstance(error)) throw error;
      }
    }),
    { numRuns: 2000, seed: 20261124 },
  );
});
