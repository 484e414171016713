import { tensor, type Tensor } from "@smolvlm/contracts";
import { rotaryFrequencies } from "../ops/rotary-frequencies.js";

/**
 * Cosines and sines of the rotary positions, float32 [positions, headDim / 2]. Every step is rounded to float32 as in the reference:
 * at position 8000 a rounding of the frequency moves an angle by a thousandth.
 */
export function rotaryAngles(
  positions: readonly number[],
  headDim: number,
  theta: number,
): { readonly cos: Tensor<"float32">; readonly sin: Tensor<"float32"> } {
  const half = headDim / 2;
  const frequencies = rotaryFrequencies(headDim, theta);
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  positions.forEach((position, row) => {
    frequencies.forEach((frequency, index) => {
      const angle = Math.fround(frequency * position);
      cos[row * half + index] = Math.cos(angle);
      sin[row * half + index] = Math.sin(angle);
    });
  });
  const dims = [positions.length, half];
  return { cos: tensor("float32", dims, cos), sin: tensor("float32", dims, sin) };
}
