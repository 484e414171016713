import { expect, test } from "vitest";
import { quantizedMatMul } from "./quantized-mat-mul.js";

const cpuinfo = (flags: string) => (): string => `processor : 0\nflags\t\t: fpu sse2 ${flags} clflush\n`;

test("x86 without VNNI gets 7-bit activations", () => {
  for (const flags of ["avx512_vnni", "avx_vnni", "amx_int8"]) {
    expect(quantizedMatMul("cpu", "x64", cpuinfo(flags)).rowwiseBits).toBe(8);
  }
  expect(quantizedMatMul("cpu", "x64", cpuinfo("avx2 avx512f")).rowwiseBits).toBe(7);
});

test("where nobody says what the processor has, the safe choice is made", () => {
  const missing = (): string => {
    throw new DOMException("no such file");
  };
  expect(quantizedMatMul("cpu", "x64", missing)).toEqual({ blockwise: true, rowwiseBits: 7 });
  expect(quantizedMatMul("cpu", "arm64", missing)).toEqual({ blockwise: true, rowwiseBits: 8 });
});

test("devices that are no CPU have no row-wise products", () => {
  expect(quantizedMatMul("cuda", "x64", cpuinfo("avx_vnni"))).toEqual({ blockwise: true, rowwiseBits: 0 });
});
