import { describe, expect, test } from "vitest";
import { freeBuffers } from "./free-buffers.js";

describe("freeBuffers", () => {
  test("empties arrays and all others of the same buffer, once or again", () => {
    const whole = Float32Array.of(1, 2, 3, 4);
    const part = whole.subarray(1, 3);
    const other = Int8Array.of(5);
    const kept = Float32Array.of(6);
    freeBuffers([whole, part, other]);
    expect([whole.length, part.length, other.length, whole.buffer.byteLength]).toEqual([0, 0, 0, 0]);
    freeBuffers([whole, other]);
    freeBuffers([new Float32Array(0)]);
    freeBuffers([]);
    expect([...kept]).toEqual([6]);
  });

  test("leaves memory that is shared as it is", () => {
    const shared = new Int32Array(new SharedArrayBuffer(8)).fill(7);
    freeBuffers([shared]);
    expect([...shared]).toEqual([7, 7]);
  });

  test("gives the memory back before anything is collected", () => {
    const bytes = 64 * 2 ** 20;
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 20; round++) freeBuffers([new Uint8Array(bytes).fill(1)]);
    // All of them together would be 1280 MiB.
    expect(process.memoryUsage.rss() - before).toBeLessThan(4 * bytes);
  });
});
