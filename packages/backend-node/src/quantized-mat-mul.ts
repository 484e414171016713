import { readFileSync } from "node:fs";
import type { QuantizedMatMul } from "@smolvlm/contracts";
import type { NodeDevice } from "./engine-options.js";

/** Flags of /proc/cpuinfo of processors that add int8 products into 32 bits. */
const DOT_PRODUCT_FLAGS = /\b(avx512_vnni|avx_vnni|amx_int8)\b/;

/**
 * Which quantised products run well on a device. On x86, ONNX Runtime multiplies int8 with `vpmaddubsw` where the processor has no VNNI, and
 * that saturates: activations may then have 7 bits only. Linux says what the processor has; elsewhere on x86 the safe choice is made. Other
 * architectures have no such limit.
 *
 * @param architecture `process.arch`.
 * @param readText for tests.
 */
export function quantizedMatMul(
  device: NodeDevice,
  architecture: string = process.arch,
  readText: (path: string) => string = (path) => readFileSync(path, "utf8"),
): QuantizedMatMul {
  if (device !== "cpu") return { blockwise: true, rowwiseBits: 0 };
  if (architecture !== "x64" && architecture !== "ia32") return { blockwise: true, rowwiseBits: 8 };
  return { blockwise: true, rowwiseBits: hasDotProduct(readText) ? 8 : 7 };
}

function hasDotProduct(readText: (path: string) => string): boolean {
  try {
    return DOT_PRODUCT_FLAGS.test(readText("/proc/cpuinfo"));
  } catch {
    return false;
  }
}
