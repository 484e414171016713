import { InvalidArgumentError } from "@smolvlm/contracts";
import type { LogitsProcessor } from "./logits-processor.js";
import { logProbability, softmaxProbability, softmaxTerms, type SoftmaxTerms } from "./softmax-terms.js";

/** An id and a float32 (32 bits) must fit together in the 53 bits of a number that are exact: 21 bits are left for the id. */
const MAX_VOCABULARY = 2 ** 21;

/**
 * Locally typical sampling (arXiv 2202.00666): keeps the ids whose information `−log p` is closest to the entropy, until their
 * probabilities add up to `mass`, and excludes those further from it.
 *
 * @throws InvalidArgumentError when the vocabulary is larger than 2,097,152.
 */
export function typicalP(mass: number, vocabSize: number): LogitsProcessor {
  if (vocabSize > MAX_VOCABULARY) {
    throw new InvalidArgumentError({
      argument: "typicalP",
      expected: `a vocabulary of at most ${MAX_VOCABULARY}`,
      found: `${vocabSize}`,
    });
  }
  const limit = Math.fround(mass);
  const distances = new Float32Array(vocabSize);
  const distanceBits = new Uint32Array(distances.buffer);
  const keys = new Float64Array(vocabSize);
  return (scores) => {
    const terms = softmaxTerms(scores);
    const expected = expectedInformation(scores, terms);
    let count = 0;
    for (let token = 0; token < vocabSize; token++) {
      const score = scores[token] as number;
      if (score === -Infinity) continue;
      distances[token] = Math.abs(Math.fround(-logProbability(score, terms) - expected));
      // The bits of non-negative floats sort like the floats, and ids break ties: a stable sort of ids without a comparator.
      keys[count++] = (distanceBits[token] as number) * MAX_VOCABULARY + token;
    }
    const ascending = keys.subarray(0, count).sort();
    let last = 0;
    let cumulative = 0;
    for (; last < count; last++) {
      cumulative += softmaxProbability(scores[(ascending[last] as number) % MAX_VOCABULARY] as number, terms);
      if (!(Math.fround(cumulative) < limit)) break;
    }
    // All probabilities together may round to less than the mass: nothing is excluded then.
    if (last === count) return;
    const furthest = distances[(ascending[last] as number) % MAX_VOCABULARY] as number;
    for (let token = 0; token < vocabSize; token++) {
      if ((distances[token] as number) > furthest) scores[token] = -Infinity;
    }
  };
}

/** The entropy, from the same log-probabilities that it is compared with. */
function expectedInformation(scores: Float32Array, terms: SoftmaxTerms): number {
  let total = 0;
  for (let token = 0; token < scores.length; token++) {
    const score = scores[token] as number;
    if (score !== -Infinity) total -= logProbability(score, terms) * softmaxProbability(score, terms);
  }
  return Math.fround(total);
}
