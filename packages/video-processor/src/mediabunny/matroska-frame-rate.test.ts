import { expect, it } from "vitest";
import { matroskaFrameRate } from "./matroska-frame-rate.js";

/** An element; sizes above 126 take two bytes. */
function element(id: string, ...content: readonly (Uint8Array | number)[]): Uint8Array {
  const bytes = content.flatMap((part) => (typeof part === "number" ? [part] : [...part]));
  const size = bytes.length < 127 ? [0x80 | bytes.length] : [0x40 | (bytes.length >> 8), bytes.length & 255];
  return Uint8Array.from([...Buffer.from(id, "hex"), ...size, ...bytes]);
}

function track(type: number, nanoseconds?: number): Uint8Array {
  const duration = Buffer.alloc(8);
  duration.writeBigUInt64BE(BigInt(nanoseconds ?? 0));
  const stated = nanoseconds === undefined ? [] : [element("23e383", ...duration)];
  return element("ae", element("d7", 1), element("83", type), ...stated, element("e0", ...new Uint8Array(130)));
}

function file(...tracks: readonly Uint8Array[]): Uint8Array {
  const parts = [element("ec", 0, 0, 0), element("1654ae6b", ...tracks), element("1f43b675", 1)];
  const body = parts.flatMap((part) => [...part]);
  // A segment of unknown size, as live recordings have.
  return Uint8Array.from([...element("1a45dfa3", 1, 2), ...Buffer.from("1853806701ffffffffffffff", "hex"), ...body]);
}

it("is what the first video track states, as FFmpeg rounds it", () => {
  expect(matroskaFrameRate(file(track(2, 20_000_000), track(1, 33_000_000), track(1, 1)))).toBe(1000 / 33);
  expect(matroskaFrameRate(file(track(1, 33_333_333)))).toBe(30);
  expect(matroskaFrameRate(file(track(1, 41_708_333)))).toBe(24000 / 1001);
  expect(matroskaFrameRate(file(track(1, 61_538_461)))).toBe(16.25);
});

it("is unknown where there is none, or in another file", () => {
  expect(matroskaFrameRate(file(track(1)))).toBeUndefined();
  expect(matroskaFrameRate(file(track(2, 20_000_000)))).toBeUndefined();
  expect(matroskaFrameRate(file(track(1, 33_000_000)).subarray(0, 40))).toBeUndefined();
  expect(matroskaFrameRate(Uint8Array.from(Buffer.from("0000002066747970", "hex")))).toBeUndefined();
  expect(matroskaFrameRate(new Uint8Array(0))).toBeUndefined();
});
