/**
 * What is measured, in this order, once per round on every side that has it. `sides` are `image` for what does not depend on the
 * weights' format (measured once for us), `all` for what does.
 *
 * @typedef {{ id: string, label: string, sides: "image" | "all", operation: string, options?: object, tokens?: number }} Stage
 */

/** Contexts at which tokens are decoded. */
export const CONTEXTS = [128, 1024];
/** Tokens of the prompt that is read. */
export const PROMPT = 1024;

/**
 * @param {{ photo: string, largePhoto: string, steps: number }} options
 * @returns {Stage[]}
 */
export function stagesOf({ photo, largePhoto, steps }) {
  return [
    {
      id: "imagePath",
      label: "12 MP JPEG to pixel values",
      sides: "image",
      operation: "imagePath",
      options: { photo: largePhoto },
    },
    { id: "decodeImage", label: "decode the photo", sides: "image", operation: "decodeImage", options: { photo } },
    { id: "preprocess", label: "resize and tile the photo", sides: "image", operation: "preprocess" },
    { id: "vision", label: "vision, one frame", sides: "all", operation: "vision" },
    {
      id: "prefill",
      label: `read a prompt of ${PROMPT} tokens`,
      sides: "all",
      operation: "prefill",
      options: { context: PROMPT },
    },
    ...CONTEXTS.map((context) => ({
      id: `decode${context}`,
      label: `one token, from ${context} tokens on`,
      sides: "all",
      operation: "decode",
      options: { context, steps },
    })),
  ];
}

/** The middle of some numbers. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Milliseconds of one measurement; of several steps in it, the middle one. */
export function millisecondsOf({ ms, times }) {
  return ms ?? median(times);
}
