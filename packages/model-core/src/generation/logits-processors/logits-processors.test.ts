import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { badWords } from "./bad-words.js";
import { epsilonCutoff } from "./epsilon-cutoff.js";
import { etaCutoff } from "./eta-cutoff.js";
import { exponentialDecayLengthPenalty } from "./exponential-decay-length-penalty.js";
import { forcedBosToken } from "./forced-bos-token.js";
import { forcedEosToken } from "./forced-eos-token.js";
import { infNanRemove } from "./inf-nan-remove.js";
import { logNormalization } from "./log-normalization.js";
import type { LogitsContext, LogitsProcessor } from "./logits-processor.js";
import { minLength } from "./min-length.js";
import { minNewTokens } from "./min-new-tokens.js";
import { minP } from "./min-p.js";
import { noRepeatNgram } from "./no-repeat-ngram.js";
import { prefixConstrained } from "./prefix-constrained.js";
import { repetitionPenalty } from "./repetition-penalty.js";
import { sequenceBias, type SequenceBias } from "./sequence-bias.js";
import { suppressTokensAtBegin } from "./suppress-tokens-at-begin.js";
import { suppressTokens } from "./suppress-tokens.js";
import { temperature } from "./temperature.js";
import { topH } from "./top-h.js";
import { topK } from "./top-k.js";
import { topP } from "./top-p.js";
import { typicalP } from "./typical-p.js";

// The same cases on every run.
fc.configureGlobal({ seed: 1 });

/** A float32, or `-inf`, `inf`, `nan`. */
type GoldenNumber = number | string;

/** Arguments of the reference's classes; which are there depends on the type. */
interface GoldenArguments {
  readonly temperature: number;
  readonly top_k: number;
  readonly top_p: number;
  readonly min_p: number;
  readonly mass: number;
  readonly epsilon: number;
  readonly penalty: number;
  readonly ngram_size: number;
  readonly bad_words_ids: number[][];
  readonly sequence_bias: SequenceBias[];
  readonly min_length: number;
  readonly min_new_tokens: number;
  readonly bos_token_id: number;
  readonly exponential_decay_length_penalty: [start: number, factor: number];
  readonly suppress_tokens: number[];
  readonly begin_suppress_tokens: number[];
  readonly max_length?: number;
  readonly eos_token_id?: number | number[];
}

interface Golden {
  readonly name: string;
  readonly eos_token_id: number;
  readonly prompt_length: number;
  readonly processors: readonly { readonly type: string; readonly args: GoldenArguments }[];
  readonly input_ids: number[][];
  readonly scores: GoldenNumber[][];
  readonly output: GoldenNumber[][];
}

const file = new URL("../../../../../fixtures/generation/logits-processors.json", import.meta.url);
const everyGolden = (JSON.parse(readFileSync(file, "utf8")) as { cases: Golden[] }).cases
  // More than one token is kept for beam search only, which does not exist here.
  .filter(({ processors }) => processors.every(({ args }) => !("min_tokens_to_keep" in args)));

/** The reference makes NaN of an EOS that is excluded and decays; here it stays excluded. */
const isReferenceFault = ({ output }: Golden): boolean => output.flat().includes("nan");
const goldens = everyGolden.filter((golden) => !isReferenceFault(golden));

const numbers = (row: readonly GoldenNumber[] = []): Float32Array =>
  Float32Array.from(row, (value) => ({ "-inf": -Infinity, inf: Infinity, nan: NaN })[value] ?? (value as number));

/** Makes the processor that a golden's type names. */
const make: Readonly<Record<string, (args: GoldenArguments, vocab: number, eos: number[]) => LogitsProcessor>> = {
  Temperature: (args) => temperature(args.temperature),
  TopK: (args, vocab) => topK(args.top_k, vocab),
  TopP: (args, vocab) => topP(args.top_p, vocab),
  MinP: (args) => minP(args.min_p),
  Typical: (args, vocab) => typicalP(args.mass, vocab),
  Epsilon: (args) => epsilonCutoff(args.epsilon),
  Eta: (args) => etaCutoff(args.epsilon),
  RepetitionPenalty: (args, vocab) => repetitionPenalty(args.penalty, vocab),
  NoRepeatNGram: (args) => noRepeatNgram(args.ngram_size),
  NoBadWords: (args, _, eos) => badWords(args.bad_words_ids, eos),
  SequenceBias: (args) => sequenceBias(args.sequence_bias),
  MinLength: (args, _, eos) => minLength(args.min_length, eos),
  MinNewTokens: (args, _, eos) => minNewTokens(args.min_new_tokens, eos),
  ForcedBos: (args) => forcedBosToken(args.bos_token_id),
  ForcedEos: (_, __, eos) => forcedEosToken(eos),
  ExponentialDecayLengthPenalty: (args, _, eos) => {
    const [start, factor] = args.exponential_decay_length_penalty;
    return exponentialDecayLengthPenalty(start, factor, eos);
  },
  SuppressTokens: (args) => suppressTokens(args.suppress_tokens),
  SuppressTokensAtBegin: (args) => suppressTokensAtBegin(args.begin_suppress_tokens, false),
  InfNanRemove: () => infNanRemove,
  LogitNormalization: () => logNormalization,
};

const context = (ids: readonly number[], rest: Partial<LogitsContext> = {}): LogitsContext => ({
  row: 0,
  ids: Int32Array.from(ids),
  promptLength: ids.length,
  maxLength: 1000,
  ...rest,
});

/** The scores after a processor, the given ones unchanged. */
function processed(processor: LogitsProcessor, scores: readonly number[], where = context([])): number[] {
  const copy = Float32Array.from(scores);
  processor(copy, where);
  return [...copy];
}

/** What the golden's processors make of its scores. */
function processedGolden(golden: Golden, row: number): Float32Array {
  const scores = numbers(golden.scores[row]);
  for (const { type, args } of golden.processors) {
    const create = make[type] ?? expect.fail(`no processor for ${type}`);
    const where = { row, promptLength: golden.prompt_length, maxLength: args.max_length ?? 1000 };
    const eos = [args.eos_token_id ?? golden.eos_token_id].flat();
    create(args, scores.length, eos)(scores, context(golden.input_ids[row] ?? [], where));
  }
  return scores;
}

const kept = (scores: readonly number[]): number[] => [...scores.keys()].filter((token) => scores[token] !== -Infinity);
const softmax = (scores: readonly number[]): number[] => {
  const max = Math.max(...scores);
  const terms = scores.map((score) => Math.exp(score - max));
  const sum = terms.reduce((total, term) => total + term, 0);
  return terms.map((term) => term / sum);
};

describe("logits processors", () => {
  it.each(goldens.map((golden) => [golden.name, golden] as const))("equal the reference: %s", (_, golden) => {
    for (const row of golden.input_ids.keys()) {
      const scores = processedGolden(golden, row);
      const expected = numbers(golden.output[row]);
      // Only log-softmax adds float32 terms in an order of its own; all else is equal to the bit.
      const isNormalised = golden.processors.some(({ type }) => type === "LogitNormalization");
      if (!isNormalised) expect(scores).toEqual(expected);
      for (const [token, value] of expected.entries()) {
        if (Number.isFinite(value)) expect(scores[token]).toBeCloseTo(value, 5);
        else expect(scores[token]).toBe(value);
      }
    }
  });

  it("have no NaN where the reference has", () => {
    const faults = everyGolden.filter(isReferenceFault);
    for (const golden of faults) {
      expect(golden.processors.map(({ type }) => type)).toContain("ExponentialDecayLengthPenalty");
      for (const row of golden.scores.keys()) {
        const scores = processedGolden(golden, row);
        expect(scores.some(Number.isNaN)).toBe(false);
        expect(scores[golden.eos_token_id]).toBe(-Infinity);
      }
    }
  });

  it("were all compared", () => {
    const types = new Set(goldens.flatMap(({ processors }) => processors.map(({ type }) => type)));
    expect([...types].sort()).toEqual(Object.keys(make).sort());
    expect(goldens.length).toBeGreaterThan(80);
  });
});

const scoresOf = (value: fc.Arbitrary<number>) => fc.array(value, { minLength: 1, maxLength: 60 });
const anyScores = scoresOf(fc.float({ min: -20, max: 20, noNaN: true }));
/** Many equal scores, and excluded ones. */
const tiedScores = scoresOf(fc.constantFrom(-2, -1, 0, 1, 2, -Infinity)).filter(
  (scores) => Math.max(...scores) > -Infinity,
);
const fraction = fc.double({ min: 0.01, max: 0.99, noNaN: true });

describe("warpers", () => {
  const warpers: Readonly<Record<string, (p: number, vocab: number) => LogitsProcessor>> = {
    topP,
    minP,
    topH,
    typicalP,
    epsilonCutoff,
    etaCutoff,
  };

  it.each(Object.entries(warpers))(
    "%s changes no score that it keeps, keeps one at least, and leaves NaN alone",
    (_, create) => {
      fc.assert(
        fc.property(fc.oneof(anyScores, tiedScores), fraction, (scores, p) => {
          const result = processed(create(p, scores.length), scores);
          expect(kept(result).length).toBeGreaterThan(0);
          for (const token of kept(result)) expect(result[token]).toBe(Math.fround(scores[token] ?? NaN));
          const withNaN = [...scores, NaN];
          expect(processed(create(p, withNaN.length), withNaN).some(Number.isNaN)).toBe(true);
        }),
      );
    },
  );

  it.each(Object.entries({ ...warpers, topK: (_: number, vocab: number) => topK(3, vocab) }))(
    "%s gives the same again when its buffers have been used",
    (_, create) => {
      fc.assert(
        fc.property(anyScores, fraction, (scores, p) => {
          const processor = create(p, scores.length);
          const first = processed(processor, scores);
          processed(
            processor,
            scores.map((score) => -3 * score),
          );
          expect(processed(processor, scores)).toEqual(first);
        }),
      );
    },
  );

  it("topK keeps exactly the scores that are not below the k-th", () => {
    fc.assert(
      fc.property(fc.oneof(anyScores, tiedScores), fc.integer({ min: 1, max: 70 }), (scores, k) => {
        const values = scores.map(Math.fround);
        const threshold = values.toSorted((a, b) => b - a)[Math.min(k, scores.length) - 1] ?? 0;
        const expected = values.map((value) => (value < threshold ? -Infinity : value));
        expect(processed(topK(k, scores.length), scores)).toEqual(expected);
      }),
    );
  });

  it("topP keeps the fewest best tokens that reach p", () => {
    fc.assert(
      fc.property(anyScores, fraction, (scores, p) => {
        const probabilities = softmax(scores.map(Math.fround));
        const sum = (tokens: number[]) => tokens.reduce((total, token) => total + (probabilities[token] ?? 0), 0);
        const tokens = kept(processed(topP(p, scores.length), scores));
        const tolerance = 1e-5;
        expect(sum(tokens)).toBeGreaterThan(p - tolerance);
        const least = tokens.reduce((a, b) => ((probabilities[a] ?? 0) <= (probabilities[b] ?? 0) ? a : b));
        if (tokens.length > 1) expect(sum(tokens.filter((token) => token !== least))).toBeLessThan(p + tolerance);
      }),
    );
  });

  it("topP drops the lower ids of equal scores, and keeps the best whatever p is", () => {
    expect(kept(processed(topP(0.5, 4), [1, 1, 1, 1]))).toEqual([2, 3]);
    expect(kept(processed(topP(0, 4), [1, 3, 2, 3]))).toEqual([3]);
    expect(kept(processed(topP(0.6, 5), [-Infinity, 1, 1, -Infinity, 1]))).toEqual([2, 4]);
  });

  it("topH takes the lower id of equal scores first", () => {
    expect(kept(processed(topH(0.5, 4), [1, 1, 1, 1]))).toEqual([0, 1]);
  });

  it("typicalP refuses a vocabulary whose ids it could not sort", () => {
    expect(() => typicalP(0.5, 2 ** 21 + 1)).toThrow(/typicalP: expected a vocabulary of at most 2097152/);
  });
});

describe("processors of ids", () => {
  const anyIds = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 20 });

  it("noRepeatNgram leaves no token that would repeat a run", () => {
    fc.assert(
      fc.property(anyIds, fc.integer({ min: 1, max: 4 }), (ids, size) => {
        const result = processed(noRepeatNgram(size), [0, 0, 0, 0], context(ids));
        const runs = (of: readonly number[]) => of.slice(size - 1).map((_, at) => of.slice(at, at + size).join());
        for (const token of [0, 1, 2, 3]) {
          const repeats = runs(ids).includes(runs([...ids, token]).at(-1) ?? "none");
          expect(result[token]).toBe(repeats ? -Infinity : 0);
        }
      }),
    );
  });

  it("repetitionPenalty counts an id once and forgets the row", () => {
    const processor = repetitionPenalty(2, 4);
    expect(processed(processor, [4, -4, 4, -4], context([0, 0, 1, 0]))).toEqual([2, -8, 4, -4]);
    expect(processed(processor, [4, -4, 4, -4], context([3]))).toEqual([4, -4, 4, -8]);
  });

  it("sequenceBias adds up sequences with the same last id; of equal sequences the last counts", () => {
    const biases: SequenceBias[] = [
      [[1, 2], 1],
      [[2], 0.5],
      [[0, 1, 2], 4],
      [[2], 0.25],
    ];
    expect(processed(sequenceBias(biases), [0, 0, 0], context([0, 1]))).toEqual([0, 0, 1.25]);
    expect(processed(sequenceBias(biases), [0, 0, 0], context([2, 0, 1]))).toEqual([0, 0, 5.25]);
    expect(processed(sequenceBias(biases), [0, 0, 0], context([2]))).toEqual([0, 0, 0.25]);
  });

  it("prefixConstrained leaves the ids allowed for the row, and insists on one", () => {
    const processor = prefixConstrained((row, ids) => (row === 0 ? [0, 2] : [ids[0] ?? 0]), 4);
    expect(kept(processed(processor, [1, 1, 1, 1], context([3])))).toEqual([0, 2]);
    expect(kept(processed(processor, [1, 1, 1, 1], context([3], { row: 1 })))).toEqual([3]);
    expect(() =>
      processed(
        prefixConstrained(() => [], 4),
        [1, 1, 1, 1],
      ),
    ).toThrow(/prefixAllowedTokensFn: expected at least one/);
  });

  it("exponentialDecayLengthPenalty leaves an excluded EOS excluded, where the reference makes it NaN", () => {
    const where = context([0, 0, 0], { promptLength: 1 });
    expect(processed(exponentialDecayLengthPenalty(0, 1.5, [1, 1]), [2, -Infinity], where)).toEqual([2, -Infinity]);
    expect(processed(exponentialDecayLengthPenalty(0, 1.5, [0, 0]), [2, 0], where)).toEqual([2 + 2 * 1.25, 0]);
  });

  it("suppressTokensAtBegin waits for a forced BOS", () => {
    const scores = [1, 1];
    expect(kept(processed(suppressTokensAtBegin([0], true), scores, context([5])))).toEqual([0, 1]);
    expect(kept(processed(suppressTokensAtBegin([0], true), scores, context([5, 6], { promptLength: 1 })))).toEqual([
      1,
    ]);
    expect(kept(processed(suppressTokensAtBegin([0], true), scores, context([5, 6])))).toEqual([1]);
    expect(kept(processed(suppressTokensAtBegin([0], false), scores, context([5])))).toEqual([1]);
  });
});
