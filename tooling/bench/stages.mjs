import { median } from "@smolvlm/cli/bench";

/**
 * What is measured, in this order, on every side that has the operation. Heavy stages are measured in the first rounds only.
 *
 * @typedef {{ id: string, label: string, operation: string, options?: object, isHeavy?: boolean }} Stage
 */

/** Contexts at which tokens are decoded; the first one's prompt and the second one's show how fast prompts are read. */
export const CONTEXTS = [128, 1024, 2048];
/** Tokens of the prompt whose reading is reported. */
export const PROMPT = 1024;
/** Rows that are decoded together. */
export const BATCH = 8;

/**
 * @param {{ photo: string, largePhoto: string, steps: number, ids: number[] }} options `ids`: the prompt about the photo.
 * @returns {Stage[]}
 */
export function stagesOf({ photo, largePhoto, steps, ids }) {
  return [
    { id: "imagePath", label: "12 MP JPEG to pixel values", operation: "imagePath", options: { photo: largePhoto } },
    { id: "decodeImage", label: "decode the photo", operation: "decodeImage", options: { photo } },
    { id: "preprocess", label: "resize and tile the photo", operation: "preprocess" },
    { id: "vision", label: "vision, one frame", operation: "vision" },
    ...CONTEXTS.map((context) => ({
      id: `decode${context}`,
      label: `one token, from ${context} tokens on`,
      operation: "decode",
      options: { context, steps },
    })),
    {
      id: "batch",
      label: `one token in each of ${BATCH} rows, from ${CONTEXTS[0]} tokens on`,
      operation: "decodeBatch",
      options: { context: CONTEXTS[0], steps, batch: BATCH },
    },
    {
      id: "firstToken",
      label: "the photo to the first token",
      operation: "firstToken",
      options: { photo, ids },
      isHeavy: true,
    },
    {
      id: "secondQuestion",
      label: "a second question about it in a session",
      operation: "secondQuestion",
      options: { photo },
      isHeavy: true,
    },
    {
      id: "samePicture",
      label: "the same picture in a new session",
      operation: "samePicture",
      options: { photo },
      isHeavy: true,
    },
  ];
}

/** Milliseconds of one measurement; of several steps in it, the middle one. */
export function millisecondsOf({ ms, times }) {
  return ms ?? median(times);
}
