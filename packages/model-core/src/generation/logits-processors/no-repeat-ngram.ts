import type { LogitsProcessor } from "./logits-processor.js";

/** Excludes each id that would complete a run of `size` ids which the row, prompt included, holds already. */
export function noRepeatNgram(size: number): LogitsProcessor {
  return (scores, { ids }) => {
    const tail = ids.length - (size - 1);
    for (let start = 0; start + size <= ids.length; start++) {
      let offset = 0;
      while (offset < size - 1 && ids[start + offset] === ids[tail + offset]) offset++;
      if (offset === size - 1) scores[ids[start + offset] as number] = -Infinity;
    }
  };
}
