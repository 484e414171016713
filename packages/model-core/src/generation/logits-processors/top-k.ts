import type { LogitsProcessor } from "./logits-processor.js";

/** Excludes scores below the `k`-th greatest. Scores equal to it survive, so more than `k` may be left. */
export function topK(k: number, vocabSize: number): LogitsProcessor {
  const greatest = new Float32Array(Math.min(k, vocabSize));
  return (scores) => {
    const threshold = kthGreatest(scores, greatest);
    for (let token = 0; token < scores.length; token++) {
      if ((scores[token] as number) < threshold) scores[token] = -Infinity;
    }
  };
}

/** The least of the `heap.length` greatest scores, kept in a binary heap with the least on top. */
function kthGreatest(scores: Float32Array, heap: Float32Array): number {
  heap.fill(-Infinity);
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] as number;
    if (score > (heap[0] as number)) replaceTop(heap, score);
  }
  return heap[0] as number;
}

function replaceTop(heap: Float32Array, value: number): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++;
    if ((heap[child] as number) >= value) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = value;
}
