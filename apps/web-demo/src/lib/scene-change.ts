/** Side of the picture that two frames are compared by: coarse enough that noise of a camera vanishes. */
export const SIGNATURE_SIDE = 24;
/** Mean difference in grey levels (0–255) from which a scene counts as changed; a still camera's noise stays below 2. */
const MEAN_THRESHOLD = 5;
/** A small thing that moves changes few cells much. */
const CELL_THRESHOLD = 40;
const CHANGED_CELLS = 6;

/** Grey levels of a small picture in RGBA. */
export function sceneSignature(rgba: Uint8ClampedArray): Uint8Array {
  const grey = new Uint8Array(rgba.length / 4);
  grey.forEach((_, i) => {
    const [r = 0, g = 0, b = 0] = rgba.subarray(4 * i, 4 * i + 3);
    grey[i] = (77 * r + 150 * g + 29 * b) >> 8;
  });
  return grey;
}

/** Whether a scene differs from the one that was captioned last. */
export function sceneChanged(before: Uint8Array | undefined, now: Uint8Array): boolean {
  if (before?.length !== now.length) return true;
  let sum = 0;
  let cells = 0;
  now.forEach((level, i) => {
    const difference = Math.abs(level - (before[i] as number));
    sum += difference;
    if (difference >= CELL_THRESHOLD) cells++;
  });
  return sum / now.length >= MEAN_THRESHOLD || cells >= CHANGED_CELLS;
}
