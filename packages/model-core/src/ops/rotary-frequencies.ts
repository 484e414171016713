/** Turns per position of each pair of channels, float32 [headDim / 2]; rounded at every step as in the reference. */
export function rotaryFrequencies(headDim: number, theta: number): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, index) => {
    return 1 / Math.fround(theta ** Math.fround((2 * index) / headDim));
  });
}
