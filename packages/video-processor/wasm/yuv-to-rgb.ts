// AssemblyScript source of src/wasm-yuv.ts; scripts/build-wasm.mjs compiles it.
//
// The arithmetic of src/yuv-to-rgb.ts on 16 pixels of a row at a time: products of two 16-bit numbers, of which the upper half is kept.
// That fits: 8·Y − offset and 8·U − 1024 take 12 bits, the factors 15 (16,525 is the largest but for BT.2020's 17,545).

// @ts-ignore: decorator
@inline
function highProduct(a: v128, factor: v128): v128 {
  const low = i32x4.shr_s(i32x4.extmul_low_i16x8_s(a, factor), 16);
  const high = i32x4.shr_s(i32x4.extmul_high_i16x8_s(a, factor), 16);
  return i16x8.narrow_i32x4_s(low, high);
}

/** Each of eight 16-bit values twice: the first four pairs, and the last four. */
// @ts-ignore: decorator
@inline
function doubledLow(a: v128): v128 {
  return i8x16.shuffle(a, a, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7);
}

// @ts-ignore: decorator
@inline
function doubledHigh(a: v128): v128 {
  return i8x16.shuffle(a, a, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 15, 14, 15);
}

/**
 * Converts one row. Reads up to 15 bytes past the end of `y` and 7 past that of `u` and `v`; writes up to 48 bytes past the row's end.
 */
// @ts-ignore: decorator
@inline
function convertRow(
  y: usize,
  u: usize,
  v: usize,
  target: usize,
  width: i32,
  factorY: v128,
  offsetY: v128,
  vToR: v128,
  uToB: v128,
  uToG: v128,
  vToG: v128,
): void {
  const middle = i16x8.splat(1024);
  let to = target;
  for (let x = 0; x < width; x += 16) {
    const luma = v128.load(y + <usize>x);
    const low = highProduct(i16x8.sub(i16x8.shl(i16x8.extend_low_i8x16_u(luma), 3), offsetY), factorY);
    const high = highProduct(i16x8.sub(i16x8.shl(i16x8.extend_high_i8x16_u(luma), 3), offsetY), factorY);
    const cu = i16x8.sub(i16x8.shl(v128.load8x8_u(u + <usize>(x >> 1)), 3), middle);
    const cv = i16x8.sub(i16x8.shl(v128.load8x8_u(v + <usize>(x >> 1)), 3), middle);
    const r = highProduct(cv, vToR);
    const g = i16x8.add(highProduct(cu, uToG), highProduct(cv, vToG));
    const b = highProduct(cu, uToB);
    const red = i8x16.narrow_i16x8_u(i16x8.add(low, doubledLow(r)), i16x8.add(high, doubledHigh(r)));
    const green = i8x16.narrow_i16x8_u(i16x8.add(low, doubledLow(g)), i16x8.add(high, doubledHigh(g)));
    const blue = i8x16.narrow_i16x8_u(i16x8.add(low, doubledLow(b)), i16x8.add(high, doubledHigh(b)));
    // Three planes of 16 to 16 triples: red and green are paired first, then blue is put between.
    const first = i8x16.shuffle(red, green, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
    const second = i8x16.shuffle(red, green, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
    const third = i8x16.shuffle(red, green, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
    v128.store(to, i8x16.shuffle(first, blue, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
    v128.store(to + 16, i8x16.shuffle(second, blue, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15));
    v128.store(to + 32, i8x16.shuffle(third, blue, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31));
    to += 48;
  }
}

/** Converts a frame of 8-bit 4:2:0 to RGB; the rows of `target` follow each other without a gap. */
export function convert(
  y: usize,
  u: usize,
  v: usize,
  yStride: usize,
  uvStride: usize,
  target: usize,
  width: i32,
  height: i32,
  factorY: i32,
  offsetY: i32,
  vToR: i32,
  uToB: i32,
  uToG: i32,
  vToG: i32,
): void {
  const fy = i16x8.splat(<i16>factorY);
  const oy = i16x8.splat(<i16>offsetY);
  const fr = i16x8.splat(<i16>vToR);
  const fb = i16x8.splat(<i16>uToB);
  const fgu = i16x8.splat(<i16>uToG);
  const fgv = i16x8.splat(<i16>vToG);
  for (let row = 0; row < height; row++) {
    const chroma = <usize>(row >> 1) * uvStride;
    const to = target + <usize>row * <usize>width * 3;
    convertRow(y + <usize>row * yStride, u + chroma, v + chroma, to, width, fy, oy, fr, fb, fgu, fgv);
  }
}
