// AssemblyScript source of the two passes of src/resample/wasm-resampler.ts; scripts/build-wasm.mjs compiles it.
//
// Weights are integers of up to 24 bits with sign. The one SIMD instruction that multiplies and adds at full speed takes 16 bits, so
// a weight k is split as k = high · 2^11 + low with 0 ≤ low < 2^11, both parts are summed apart, and the sums are joined at the end.
// All of it is arithmetic modulo 2^32, so the result is that of 32-bit integers, which is what Pillow computes with.
//
// Weights come in groups of two taps: [high0, high1, low0, low1] as 16-bit integers, 8 bytes.

const SPLIT: i32 = 11;

function toBytes(high: v128, low: v128, half: v128, shift: i32): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.add(i32x4.shl(high, SPLIT), low), half), shift);
}

/**
 * Resamples rows of RGB pixels horizontally. Taps come in fours (two groups); what fills them up has weight 0. Reads up to 16 bytes
 * past the last pixel, writes 1 byte past the end of each row.
 */
export function horizontal(
  source: usize,
  sourceStride: usize,
  rows: i32,
  target: usize,
  targetStride: usize,
  width: i32,
  starts: usize,
  weights: usize,
  quads: i32,
  shift: i32,
): void {
  const half = i32x4.splat(1 << (shift - 1));
  for (let y = 0; y < rows; y++) {
    let to = target;
    let table = weights;
    for (let x = 0; x < width; x++) {
      let from = source + <usize>load<i32>(starts + ((<usize>x) << 2));
      let high = i32x4.splat(0);
      let low = i32x4.splat(0);
      for (let quad = 0; quad < quads; quad++) {
        const pixels = v128.load(from);
        const first = i8x16.swizzle(pixels, i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
        const second = i8x16.swizzle(pixels, i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
        high = i32x4.add(high, i32x4.dot_i16x8_s(first, v128.load32_splat(table)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(first, v128.load32_splat(table, 4)));
        high = i32x4.add(high, i32x4.dot_i16x8_s(second, v128.load32_splat(table, 8)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(second, v128.load32_splat(table, 12)));
        from += 12;
        table += 16;
      }
      const words = toBytes(high, low, half, shift);
      const halves = i16x8.narrow_i32x4_s(words, words);
      v128.store32_lane(to, i8x16.narrow_i16x8_u(halves, halves), 0);
      to += 3;
    }
    source += sourceStride;
    target += targetStride;
  }
}

/** Resamples bytes vertically into one row. Taps come in twos (one group). Works on 16 bytes at a time, past the row's end too. */
export function vertical(
  source: usize,
  sourceStride: usize,
  target: usize,
  length: i32,
  weights: usize,
  pairs: i32,
  shift: i32,
): void {
  const half = i32x4.splat(1 << (shift - 1));
  const zero = i32x4.splat(0);
  for (let x: usize = 0; x < <usize>length; x += 16) {
    let high0 = zero,
      high1 = zero,
      high2 = zero,
      high3 = zero;
    let low0 = zero,
      low1 = zero,
      low2 = zero,
      low3 = zero;
    let from = source + x;
    let table = weights;
    for (let pair = 0; pair < pairs; pair++) {
      const above = v128.load(from);
      const below = v128.load(from + sourceStride);
      const left = i8x16.shuffle(above, below, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const right = i8x16.shuffle(above, below, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const high = v128.load32_splat(table);
      const low = v128.load32_splat(table, 4);
      const pixels0 = i16x8.extend_low_i8x16_u(left);
      high0 = i32x4.add(high0, i32x4.dot_i16x8_s(pixels0, high));
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(pixels0, low));
      const pixels1 = i16x8.extend_high_i8x16_u(left);
      high1 = i32x4.add(high1, i32x4.dot_i16x8_s(pixels1, high));
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(pixels1, low));
      const pixels2 = i16x8.extend_low_i8x16_u(right);
      high2 = i32x4.add(high2, i32x4.dot_i16x8_s(pixels2, high));
      low2 = i32x4.add(low2, i32x4.dot_i16x8_s(pixels2, low));
      const pixels3 = i16x8.extend_high_i8x16_u(right);
      high3 = i32x4.add(high3, i32x4.dot_i16x8_s(pixels3, high));
      low3 = i32x4.add(low3, i32x4.dot_i16x8_s(pixels3, low));
      from += sourceStride * 2;
      table += 8;
    }
    const leftWords = i16x8.narrow_i32x4_s(toBytes(high0, low0, half, shift), toBytes(high1, low1, half, shift));
    const rightWords = i16x8.narrow_i32x4_s(toBytes(high2, low2, half, shift), toBytes(high3, low3, half, shift));
    v128.store(target + x, i8x16.narrow_i16x8_u(leftWords, rightWords));
  }
}
