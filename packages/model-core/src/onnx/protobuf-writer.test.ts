import { expect, test } from "vitest";
import { readMessage } from "../testing/read-model.js";
import { ProtobufWriter } from "./protobuf-writer.js";

test("the bytes of the examples in the encoding's documentation", () => {
  expect([...new ProtobufWriter().integer(1, 150).finish()]).toEqual([0x08, 0x96, 0x01]);
  expect([...new ProtobufWriter().string(2, "testing").finish()]).toEqual([
    0x12,
    7,
    ...new TextEncoder().encode("testing"),
  ]);
  const inner = new ProtobufWriter().integer(1, 150);
  expect([...new ProtobufWriter().message(3, inner).finish()]).toEqual([0x1a, 3, 0x08, 0x96, 0x01]);
  expect([...new ProtobufWriter().float(2, 1).finish()]).toEqual([0x15, 0, 0, 0x80, 0x3f]);
});

test("text that is not all ASCII is UTF-8, also at the end and in a long text", () => {
  for (const text of ["", "naïve", "a".repeat(300), `${"a".repeat(200)}😀`]) {
    const fields = readMessage(new ProtobufWriter().integer(3, 7).string(1, text).integer(2, 9).finish());
    expect(fields).toEqual([
      [3, 7],
      [1, new TextEncoder().encode(text)],
      [2, 9],
    ]);
  }
});

test("numbers beyond 32 bits, large fields and many of them are read back", () => {
  const numbers = [0, 127, 128, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER];
  const writer = new ProtobufWriter();
  for (const number of numbers) writer.integer(16, number);
  writer.bytes(1, new Uint8Array(1000).fill(7)).float(3, -0.5);
  const fields = readMessage(writer.finish());
  expect(fields.slice(0, numbers.length)).toEqual(numbers.map((number) => [16, number]));
  expect(fields.at(-2)).toEqual([1, new Uint8Array(1000).fill(7)]);
  expect(fields.at(-1)).toEqual([3, -0.5]);
});
