import { BackendError } from "@smolvlm/contracts";
import { describe, expect, test } from "vitest";
import { relocateExternalData } from "./relocate-external-data.js";

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
const bytes = (id: number, ...value: number[]): number[] => [id * 8 + 2, ...varint(value.length), ...value];
const entry = (key: string, value: string): number[] =>
  bytes(13, ...bytes(1, ...ascii(key)), ...bytes(2, ...ascii(value)));

/** A model with one initializer `w` in `file`, among fields of every wire type that must survive. */
function model(file: string, ...location: readonly number[]): Uint8Array {
  const tensor = [...bytes(8, ...ascii("w")), ...location, ...entry("location", file), 14 * 8, 1];
  const node = bytes(1, ...ascii("location"));
  const graph = [...node, ...bytes(5, ...tensor), ...bytes(2, ...ascii("g"))];
  return Uint8Array.from([
    1 * 8,
    0x80,
    1,
    ...bytes(7, ...graph),
    15 * 8 + 1,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    14 * 8 + 5,
    9,
    8,
    7,
    6,
  ]);
}

describe("relocateExternalData", () => {
  test("names another file, and leaves everything else", () => {
    const moved = relocateExternalData(model("a.bin"), new Map([["a.bin", { location: "folder/of/weights.bin" }]]));
    expect(moved).toEqual(model("folder/of/weights.bin"));
  });

  test("writes lengths of more than one byte", () => {
    const location = "f/".repeat(60);
    expect(relocateExternalData(model(location), new Map([[location, { location: "a" }]]))).toEqual(model("a"));
    const there = relocateExternalData(model("a"), new Map([["a", { location: `${location}${location}` }]]));
    expect(relocateExternalData(there, new Map([[`${location}${location}`, { location: "a" }]]))).toEqual(model("a"));
  });

  test("gives a copy when nothing is to be moved", () => {
    const original = model("a.bin");
    for (const relocations of [new Map(), new Map([["b.bin", { location: "c.bin" }]])]) {
      const copy = relocateExternalData(original, relocations);
      expect(copy).toEqual(original);
      expect(copy.buffer).not.toBe(original.buffer);
    }
  });

  test("moves bytes into the model", () => {
    const source = Uint8Array.of(0, 1, 2, 3, 4, 5);
    const inside = (offset: string, length: string): Uint8Array =>
      relocateExternalData(
        model("a", ...entry("offset", offset), ...entry("length", length)),
        new Map([["a", { bytes: source }]]),
      );
    expect(String([...inside("2", "3")])).toContain(String([...bytes(8, ...ascii("w")), ...bytes(9, 2, 3, 4)]));
    expect(String([...inside("2", "3")])).not.toContain(String(ascii("offset")));
    for (const [offset, length] of [
      ["4", "3"],
      ["-1", "2"],
      ["0", "-1"],
      ["x", "1"],
      ["1e9", "0"],
    ] as const) {
      expect(() => inside(offset, length)).toThrow(BackendError);
    }
  });

  test("refuses what is not a model", () => {
    const relocations = new Map([["a", { location: "b" }]]);
    const whole = model("a");
    const refused = [
      whole.subarray(0, whole.length - 1),
      whole.subarray(0, 9),
      Uint8Array.of(7),
      Uint8Array.of(8),
      Uint8Array.of(58, 255),
    ];
    for (const damaged of refused) expect(() => relocateExternalData(damaged, relocations)).toThrow(BackendError);
    expect(() => relocateExternalData(new Uint8Array(20).fill(255), relocations)).toThrow(BackendError);
  });
});
