/** Largest step; −128 is not used, so that a value and its negative round alike. */
const STEPS = 127;

/**
 * Rounds positions of `width` values to int8, each by a scale of its own, its largest magnitude / 127. They go to `steps` and `scales` from
 * position `at` on; what a position was is `steps · scale`.
 */
export function quantizePositions(
  values: Float32Array,
  width: number,
  { steps, scales, at }: { readonly steps: Int8Array; readonly scales: Float32Array; readonly at: number },
): void {
  for (let from = 0, to = at; from < values.length; from += width, to++) {
    let largest = 0;
    for (let index = from; index < from + width; index++)
      largest = Math.max(largest, Math.abs(values[index] as number));
    scales[to] = largest / STEPS;
    const factor = largest > 0 ? STEPS / largest : 0;
    const shift = to * width - from;
    for (let index = from; index < from + width; index++)
      steps[index + shift] = Math.round((values[index] as number) * factor);
  }
}
