import { greedyToken } from "./greedy-token.js";
import type { GenerationRow } from "./generation-row.js";
import type { GenerationSettings } from "./generation-settings.js";
import { InvalidLogitsError } from "./invalid-logits-error.js";
import { createLogitsProcessors } from "./logits-processors/create-logits-processors.js";

/**
 * What chooses a row's next token from the logits [batch · vocabSize], which stay as they are. All memory is allocated here, once.
 *
 * The function returned throws InvalidLogitsError when the scores are NaN or exclude every token.
 */
export async function createTokenChooser(
  settings: GenerationSettings,
  vocabSize: number,
): Promise<(logits: Float32Array, row: GenerationRow) => number> {
  const processors = await createLogitsProcessors(settings, vocabSize);
  const draws = settings.seeds.length > 0 ? (await import("./samplers.js")).samplers(settings.seeds) : [];
  const changed = new Float32Array(vocabSize);
  const isPlain = processors.length === 0 && draws.length === 0;
  return (logits, row) => {
    const given = logits.subarray(row.row * vocabSize, (row.row + 1) * vocabSize);
    // Where nothing changes the scores, a copy of the vocabulary's size a token can be saved.
    const scores = isPlain ? given : changed;
    if (!isPlain) scores.set(given);
    for (const { process } of processors) process(scores, row);
    const token = (draws[row.row] ?? greedyToken)(scores);
    if (token < 0) {
      throw new InvalidLogitsError({ row: row.row, position: row.ids.length, problem: problemOf(scores) });
    }
    return token;
  };
}

function problemOf(scores: Float32Array): string {
  if (scores.some(Number.isNaN)) {
    return "the scores contain NaN, so the weights or their precision are at fault; try dtype fp32.";
  }
  if (scores.includes(Infinity)) return "a score is infinite; draw without it, or set removeInvalidValues.";
  return "every token is excluded; loosen bad words, suppressed tokens or the minimum length.";
}
