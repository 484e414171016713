import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DecoderState, DecoderStepOptions } from "./decoder-state.js";
import { generate, generateTokens } from "./generate.js";
import type { TokenEvent } from "./generate-result.js";
import type { GenerationOptions } from "./generation-options.js";
import { InvalidLogitsError } from "./invalid-logits-error.js";
import { resolveGenerationOptions } from "./resolve-generation-options.js";

// The same cases on every run.
fc.configureGlobal({ seed: 1 });

const VOCAB = 60;
const CONTEXT = 200;

interface GreedyGolden {
  readonly options: Readonly<Record<string, unknown>>;
  readonly eos_token_id: number[];
  readonly prompt: number[];
  readonly new_tokens: number[];
}

const file = new URL("../../../../fixtures/generation/loops.json", import.meta.url);
const goldens = (JSON.parse(readFileSync(file, "utf8")) as { greedy: GreedyGolden[] }).greedy;

/** The formula of the goldens: scores from the last two tokens. */
function formula(ids: readonly number[]): Float32Array {
  const a = ids.at(-1) ?? 0;
  const b = ids.at(-2) ?? 0;
  return Float32Array.from({ length: VOCAB }, (_, i) => {
    return ((a * 131 + b * 71 + i * i * 7 + i * a * 13 + i * b * 29 + a * b * 3) % 997) / 80 - 4;
  });
}

/** A decoder that computes a formula, checks how it is used, and counts its steps. */
class FormulaDecoder implements DecoderState {
  readonly batch: number;
  readonly vocabSize = VOCAB;
  readonly logits: Float32Array;
  readonly rows: number[][];
  readonly scores: (ids: readonly number[]) => Float32Array;
  steps = 0;

  constructor(prompts: readonly (readonly number[])[], scores = formula) {
    this.batch = prompts.length;
    this.rows = prompts.map((prompt) => [...prompt]);
    this.scores = scores;
    this.logits = new Float32Array(this.batch * VOCAB);
    for (const row of this.rows.keys()) this.#update(row);
  }

  get lengths(): number[] {
    return this.rows.map((ids) => ids.length);
  }

  async step(tokens: Int32Array, { active, signal }: DecoderStepOptions): Promise<void> {
    await Promise.resolve();
    signal?.throwIfAborted();
    expect(active).toContain(true);
    expect(tokens.length).toBe(this.batch);
    this.steps++;
    for (const [row, ids] of this.rows.entries()) {
      if (active[row] !== true) {
        // Nobody may look at the logits of a row that has ended.
        this.logits.fill(NaN, row * VOCAB, (row + 1) * VOCAB);
        continue;
      }
      ids.push(tokens[row] as number);
      this.#update(row);
    }
  }

  #update(row: number): void {
    this.logits.set(this.scores(this.rows[row] ?? []), row * VOCAB);
  }
}

const run = async (prompts: number[][], options: GenerationOptions, decoder = new FormulaDecoder(prompts)) =>
  generate(
    decoder,
    prompts.map((prompt) => Int32Array.from(prompt)),
    settingsFor(prompts, options),
  );

const settingsFor = (prompts: number[][], options: GenerationOptions) =>
  resolveGenerationOptions({
    options,
    promptLengths: prompts.map((prompt) => prompt.length),
    contextLength: CONTEXT,
    vocabSize: VOCAB,
  });

const stream = (prompts: number[][], options: GenerationOptions, decoder = new FormulaDecoder(prompts)) =>
  generateTokens(
    decoder,
    prompts.map((prompt) => Int32Array.from(prompt)),
    settingsFor(prompts, options),
  );

const camelCase = (options: Readonly<Record<string, unknown>>): GenerationOptions =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

describe("generate", () => {
  it("gives the tokens of the reference for every golden, with no surplus step", async () => {
    expect(goldens.length).toBeGreaterThan(50);
    for (const { options, eos_token_id, prompt, new_tokens } of goldens) {
      const decoder = new FormulaDecoder([prompt]);
      const result = await run([prompt], { ...camelCase(options), eosTokenIds: eos_token_id }, decoder);
      expect([...(result.newTokens[0] ?? [])], JSON.stringify(options)).toEqual(new_tokens);
      expect([...(result.sequences[0] ?? [])]).toEqual([...prompt, ...new_tokens]);
      expect(decoder.steps).toBe(new_tokens.length - 1);
      const endsWithEos = eos_token_id.includes(new_tokens.at(-1) ?? -1);
      expect(result.finishReasons).toEqual([endsWithEos ? "stop" : "length"]);
      expect(result.usage).toEqual([{ promptTokens: prompt.length, completionTokens: new_tokens.length }]);
      expect(result.seeds).toBeUndefined();
    }
  });

  it("makes every row of a batch what it is alone", async () => {
    const prompts = fc.array(fc.array(fc.integer({ min: 0, max: VOCAB - 1 }), { minLength: 1, maxLength: 9 }), {
      minLength: 1,
      maxLength: 4,
    });
    const options = fc.record({
      doSample: fc.boolean(),
      maxNewTokens: fc.integer({ min: 1, max: 12 }),
      seed: fc.integer({ min: 0, max: 2 ** 40 }),
      temperature: fc.double({ min: 0.2, max: 2, noNaN: true }),
      topK: fc.integer({ min: 0, max: 70 }),
      topP: fc.double({ min: 0, max: 1, noNaN: true }),
      typicalP: fc.double({ min: 0.1, max: 1, noNaN: true }),
      repetitionPenalty: fc.constantFrom(1, 1.4),
      noRepeatNgramSize: fc.integer({ min: 0, max: 3 }),
      minNewTokens: fc.integer({ min: 0, max: 5 }),
      eosTokenIds: fc.uniqueArray(fc.integer({ min: 0, max: VOCAB - 1 }), { maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(prompts, options, async (batch, values) => {
        const decoder = new FormulaDecoder(batch);
        const together = await run(batch, values, decoder);
        let longest = 0;
        for (const [row, prompt] of batch.entries()) {
          const alone = await run([prompt], values);
          expect(together.sequences[row]).toEqual(alone.sequences[0]);
          expect(together.finishReasons[row]).toBe(alone.finishReasons[0]);
          longest = Math.max(longest, alone.newTokens[0]?.length ?? 0);
        }
        expect(decoder.steps).toBe(longest - 1);
      }),
      { numRuns: 150 },
    );
  });

  it("draws from one stream per row, named by the seeds that it reports", async () => {
    const prompts = [
      [1, 2],
      [1, 2],
      [1, 2],
    ];
    const options: GenerationOptions = { doSample: true, temperature: 3, topK: 0, maxNewTokens: 16 };
    const same = await run(prompts, { ...options, seed: 5 });
    expect(same.newTokens[1]).toEqual(same.newTokens[0]);
    const different = await run(prompts, { ...options, seed: [5, 6, 7] });
    expect(different.newTokens[0]).toEqual(same.newTokens[0]);
    expect(different.newTokens[1]).not.toEqual(same.newTokens[0]);
    const random = await run(prompts, options);
    expect(random.seeds).toHaveLength(3);
    const again = await run(prompts, { ...options, seed: random.seeds });
    expect(again.newTokens).toEqual(random.newTokens);
  });

  it("keeps a seed's tokens the same for ever", async () => {
    const result = await run([[1, 2]], { doSample: true, temperature: 2, topK: 0, maxNewTokens: 8, seed: 1234 });
    expect([...(result.newTokens[0] ?? [])]).toMatchInlineSnapshot(`
      [
        37,
        3,
        9,
        57,
        36,
        16,
        47,
        56,
      ]
    `);
  });

  it("does not change the decoder's logits, and allocates its scores once", async () => {
    const decoder = new FormulaDecoder([[3, 4]]);
    const before = decoder.logits.slice();
    const seen = new Set<ArrayBufferLike>();
    const logitsProcessor = [(scores: Float32Array) => void seen.add(scores.buffer)];
    const tokens = stream(
      [[3, 4]],
      { repetitionPenalty: 2, suppressTokens: [1, 2, 3], maxNewTokens: 5, logitsProcessor },
      decoder,
    );
    const steps = tokens[Symbol.asyncIterator]();
    await steps.next();
    expect(decoder.logits).toEqual(before);
    while (!(await steps.next()).done);
    expect(seen.size).toBe(1);
    expect(seen.has(decoder.logits.buffer)).toBe(false);
  });

  it("ends a row at a stop string, at the caller's criterion, at the time limit; the first reason counts", async () => {
    const decode = (ids: Int32Array): string => [...ids].map((id) => `<${id}>`).join("");
    const [free] = (await run([[1, 2]], { maxNewTokens: 10 })).newTokens;
    const [first, second, third] = free ?? [];
    const stopped = await run([[1, 2]], { maxNewTokens: 10, decode, stopStrings: `${second}><${third}` });
    expect([...(stopped.newTokens[0] ?? [])]).toEqual([first, second, third]);
    expect(stopped.finishReasons).toEqual(["stop-string"]);

    const seen: number[] = [];
    const stoppingCriteria = [(ids: Int32Array, row: number) => (seen.push(row), ids.length >= 4)];
    const criteria = await run([[1, 2]], { maxNewTokens: 10, stoppingCriteria });
    expect(criteria.finishReasons).toEqual(["stopping-criteria"]);
    expect(criteria.usage[0]?.completionTokens).toBe(2);
    expect(seen).toEqual([0, 0]);

    const late = await run([[1, 2]], { maxNewTokens: 10, maxTime: 1e-9 });
    expect(late.finishReasons).toEqual(["max-time"]);
    expect(late.usage[0]?.completionTokens).toBe(1);

    const both = await run([[1, 2]], { maxNewTokens: 1, eosTokenIds: [first ?? 0], decode, stopStrings: [`${first}`] });
    expect(both.finishReasons).toEqual(["stop"]);
  });

  it("tells onToken every token of every row", async () => {
    const events: TokenEvent[] = [];
    const prompts = [[23, 5], [7]];
    const result = await run(prompts, {
      maxNewTokens: 20,
      eosTokenIds: [2, 5, 11, 17],
      onToken: (event) => events.push(event),
    });
    for (const row of [0, 1]) {
      const own = events.filter((event) => event.row === row);
      expect(own.map(({ token }) => token)).toEqual([...(result.newTokens[row] ?? [])]);
      expect(own.map(({ index }) => index)).toEqual(own.map((_, index) => index));
      expect(own.map(({ finishReason }) => finishReason).filter(Boolean)).toEqual([result.finishReasons[row]]);
      expect(own.at(-1)?.finishReason).toBe(result.finishReasons[row]);
    }
  });

  it("names the row when no token can be chosen", async () => {
    const broken = new FormulaDecoder([[1], [2]], (ids) => formula(ids).fill(ids.includes(2) ? NaN : 0));
    const nan = await run([[1], [2]], {}, broken).catch((error: unknown) => error);
    expect(InvalidLogitsError.isInstance(nan) && nan).toMatchObject({ row: 1, position: 1 });
    expect(String(nan)).toMatch(/row 1 at position 1: the scores contain NaN/);

    const everything = Array.from({ length: VOCAB }, (_, token) => token);
    await expect(run([[1]], { suppressTokens: everything })).rejects.toThrow(/every token is excluded/);
    await expect(run([[1]], { doSample: true, suppressTokens: everything })).rejects.toThrow(/every token is excluded/);
    const normalized = run([[1]], { renormalizeLogits: true, suppressTokens: everything });
    await expect(normalized).rejects.toThrow(/every token is excluded/);
    const infinite = new FormulaDecoder([[1]], (ids) => formula(ids).fill(Infinity, 0, 1));
    await expect(run([[1]], { doSample: true, topK: 0 }, infinite)).rejects.toThrow(/infinite/);

    const repaired = new FormulaDecoder([[1]], (ids) => formula(ids).fill(NaN, 0, 1));
    const result = await run([[1]], { maxNewTokens: 3, removeInvalidValues: true }, repaired);
    expect(result.usage[0]?.completionTokens).toBe(3);
  });

  it("refuses a decoder that has not read the prompts", async () => {
    await expect(run([[1, 2]], {}, new FormulaDecoder([[1]]))).rejects.toThrow(/prompts: expected the 1 tokens/);
    await expect(run([[1, 2]], {}, new FormulaDecoder([[1, 2], [3]]))).rejects.toThrow(/a decoder of 2 rows/);
  });
});

describe("generateTokens", () => {
  it("yields a token for each running row, and padding for the others", async () => {
    const prompts = [[23, 5], [7], [41, 2, 9]];
    const options: GenerationOptions = { maxNewTokens: 15, eosTokenIds: [2, 5, 11, 17], padTokenId: 59 };
    const expected = await run(prompts, options);
    const tokens = stream(prompts, options);
    const collected: number[][] = prompts.map(() => []);
    let index = 0;
    for await (const step of tokens) {
      expect(step.index).toBe(index++);
      for (const [row, token] of step.tokens.entries()) {
        if (step.rows.includes(row)) collected[row]?.push(token);
        else expect(token).toBe(59);
      }
      for (const [row, reason] of step.finishReasons.entries()) {
        if (reason !== undefined) expect(reason).toBe(expected.finishReasons[row]);
      }
      step.tokens.fill(0); // the step belongs to its consumer
    }
    expect(collected).toEqual(expected.newTokens.map((ids) => [...ids]));
    expect(tokens.snapshot()).toEqual(expected);
    for await (const step of tokens) expect.fail(`step ${step.index} came again`);
  });

  it("throws the reason of an abort before the next step, and loses no token", async () => {
    const controller = new AbortController();
    const reason = new DOMException("enough", "AbortError");
    const decoder = new FormulaDecoder([[1, 2]]);
    const tokens = stream([[1, 2]], { maxNewTokens: 50, signal: controller.signal }, decoder);
    const seen: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const step of tokens) {
        seen.push(...step.tokens);
        if (seen.length === 3) controller.abort(reason);
      }
    };
    await expect(reading()).rejects.toBe(reason);
    expect(decoder.steps).toBe(2);
    const { newTokens, finishReasons, usage } = tokens.snapshot();
    expect([...(newTokens[0] ?? [])]).toEqual(seen);
    expect(finishReasons).toEqual(["abort"]);
    expect(usage[0]?.completionTokens).toBe(3);
  });

  it("does not begin when the signal is already aborted, and does not complain when the last token is there", async () => {
    const decoder = new FormulaDecoder([[1, 2]]);
    const signal = AbortSignal.abort();
    await expect(run([[1, 2]], { signal }, decoder)).rejects.toBe(signal.reason);
    expect(decoder.steps).toBe(0);

    const controller = new AbortController();
    const onToken = ({ finishReason }: TokenEvent): void => {
      if (finishReason) controller.abort();
    };
    const result = await run([[1, 2]], { maxNewTokens: 3, signal: controller.signal, onToken });
    expect(result.finishReasons).toEqual(["length"]);
  });

  it("aborts during a step of the decoder", async () => {
    const controller = new AbortController();
    const decoder = new FormulaDecoder([[1, 2]]);
    const step = decoder.step.bind(decoder);
    decoder.step = async (tokens, options) => {
      if (decoder.steps === 1) controller.abort();
      return step(tokens, options);
    };
    const tokens = stream([[1, 2]], { maxNewTokens: 9, signal: controller.signal }, decoder);
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const { tokens: ids } of tokens) seen.push(...ids);
      })(),
    ).rejects.toThrow(/abort/i);
    expect(seen).toHaveLength(2);
  });

  it("can be left early", async () => {
    const decoder = new FormulaDecoder([[1, 2]]);
    const tokens = stream([[1, 2]], { maxNewTokens: 9 }, decoder);
    for await (const step of tokens) if (step.index === 1) break;
    expect(decoder.steps).toBe(1);
    expect(tokens.snapshot().finishReasons).toEqual(["abort"]);
  });
});
