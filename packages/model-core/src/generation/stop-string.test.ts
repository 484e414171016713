import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { stopStringMatcher } from "./stop-string.js";

interface StopGoldens {
  readonly token_bytes: Readonly<Record<string, readonly number[]>>;
  readonly cases: readonly { stop_strings: string[]; ids: number[]; stops: boolean }[];
}

const file = new URL("../../../../fixtures/generation/loops.json", import.meta.url);
const goldens = (JSON.parse(readFileSync(file, "utf8")) as { stop_strings: StopGoldens }).stop_strings;

const decodeGolden = (ids: Int32Array): string =>
  new TextDecoder().decode(Uint8Array.from([...ids].flatMap((id) => goldens.token_bytes[id] ?? [])));

/** Tokens that are the bytes of UTF-8. */
const bytes = (text: string): Int32Array => Int32Array.from(new TextEncoder().encode(text));
const decodeBytes = (ids: Int32Array): string => new TextDecoder().decode(Uint8Array.from(ids));

/** The number of tokens after which a row of single-byte tokens stops; -1 when it does not. */
function stopsAfter(text: string, stopStrings: string[], promptLength = 0): number {
  const matches = stopStringMatcher(stopStrings, decodeBytes);
  const ids = bytes(text);
  for (let length = promptLength + 1; length <= ids.length; length++) {
    if (matches(ids.subarray(0, length))) return length;
  }
  return -1;
}

describe("stopStringMatcher", () => {
  it("decides as StopStringCriteria of the reference for every golden row", () => {
    expect(goldens.cases.length).toBeGreaterThan(400);
    for (const { stop_strings, ids, stops } of goldens.cases) {
      const found = stopStringMatcher(stop_strings, decodeGolden)(Int32Array.from(ids));
      expect(found, `${JSON.stringify(stop_strings)} in ${JSON.stringify(decodeGolden(Int32Array.from(ids)))}`).toBe(
        stops,
      );
    }
  });

  it("finds a string spread over tokens, at its last byte", () => {
    expect(stopsAfter("the END of", ["END"])).toBe(7);
    expect(stopsAfter("abc", ["zzz"])).toBe(-1);
    expect(stopsAfter("x🙂é!", ["🙂é"])).toBe(bytes("x🙂é").length);
    expect(stopsAfter("한국어", ["국"])).toBe(bytes("한국").length);
  });

  it("may begin in the prompt but must be completed by a new token", () => {
    expect(stopsAfter("User:", ["User:"], 4)).toBe(5);
    expect(stopsAfter("User: hi", ["User:"], 5)).toBe(-1);
    expect(stopsAfter("User: hi User:", ["User:"], 5)).toBe(14);
  });

  it("finds a string that ends inside a token", () => {
    const words = ["Hello", " wor", "ld. And"];
    const decode = (ids: Int32Array): string => [...ids].map((id) => words[id]).join("");
    const matches = stopStringMatcher(["world."], decode);
    expect(matches(Int32Array.of(0, 1))).toBe(false);
    expect(matches(Int32Array.of(0, 1, 2))).toBe(true);
  });
});
