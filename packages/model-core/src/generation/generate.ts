/**
 * The generation loop, for any decoder. How a model uses it:
 *
 * 1. `resolveGenerationOptions({ options, generationConfig, promptLengths, contextLength, vocabSize })`, before anything runs: all errors
 *    of options and lengths come from here.
 * 2. Read the prompts (prefill), which gives a `DecoderState` whose `logits` belong to the last prompt position of each row.
 * 3. `generateTokens(state, prompts, settings)` and iterate it, or `generate(…)` for the result alone.
 *
 * A step takes the logits of each running row to float32 scores, applies the processors in the reference's order, chooses a token,
 * and decides whether the row ends. Rows are independent: a row sees its own ids without padding and draws from its own random numbers, so
 * it comes out as it would alone. (The reference shows its processors the padded row: there a repetition penalty also meets the padding
 * token, and `maxLength` counts the padding.) The decoder is never run after the last token.
 */
import { InvalidArgumentError } from "@smolvlm/contracts";
import type { DecoderState } from "./decoder-state.js";
import { finishReasonOf } from "./finish-reason-of.js";
import type { GenerateResult, GenerationStep } from "./generate-result.js";
import { GenerationRow } from "./generation-row.js";
import type { GenerationSettings } from "./generation-settings.js";
import { createTokenChooser } from "./token-chooser.js";
import type { TokenStream } from "./token-stream.js";

/**
 * Generates token by token.
 *
 * An abort of `settings.signal` makes the iteration throw the signal's reason, after the steps that were already there; `snapshot()` then
 * still has them.
 *
 * @param state The decoder after it has read `prompts`. It is advanced, not disposed.
 * @param prompts The ids of each row, without padding.
 * @throws InvalidArgumentError when `state`, `prompts` and `settings` do not belong together. While iterating: InvalidLogitsError, the
 * signal's reason, and whatever the decoder and the caller's functions throw.
 */
export function generateTokens(
  state: DecoderState,
  prompts: readonly Int32Array[],
  settings: GenerationSettings,
): TokenStream {
  checkBelongTogether(state, prompts, settings);
  const rows = prompts.map((prompt, row) => new GenerationRow(row, prompt, settings.maxLengths[row] as number));
  const iterator = steps(state, rows, settings);
  return { [Symbol.asyncIterator]: () => iterator, snapshot: () => resultOf(rows, settings) };
}

/** Generates to the end. Parameters and errors are those of `generateTokens`. */
export async function generate(
  state: DecoderState,
  prompts: readonly Int32Array[],
  settings: GenerationSettings,
): Promise<GenerateResult> {
  const stream = generateTokens(state, prompts, settings);
  for await (const _step of stream);
  return stream.snapshot();
}

async function* steps(
  state: DecoderState,
  rows: readonly GenerationRow[],
  settings: GenerationSettings,
): AsyncGenerator<GenerationStep, void, void> {
  const { signal, onToken, padTokenId } = settings;
  const chooseToken = await createTokenChooser(settings, state.vocabSize);
  const finishReason = finishReasonOf(settings);
  for (let index = 0; ; index++) {
    signal?.throwIfAborted();
    const running = rows.filter((row) => row.finishReason === undefined);
    const tokens = new Int32Array(rows.length).fill(padTokenId);
    for (const row of running) {
      const token = chooseToken(state.logits, row);
      tokens[row.row] = token;
      row.append(token);
      row.finishReason = finishReason(row);
      onToken?.({ row: row.row, index, token, finishReason: row.finishReason });
    }
    // The consumer may keep or change what it gets.
    yield {
      index,
      tokens: tokens.slice(),
      rows: running.map(({ row }) => row),
      finishReasons: rows.map((row) => row.finishReason),
    };
    const active = rows.map((row) => row.finishReason === undefined);
    if (!active.includes(true)) return;
    signal?.throwIfAborted();
    await state.step(tokens, { active, signal });
  }
}

function resultOf(rows: readonly GenerationRow[], settings: GenerationSettings): GenerateResult {
  return {
    sequences: rows.map(({ ids }) => ids.slice()),
    newTokens: rows.map(({ ids, promptLength }) => ids.slice(promptLength)),
    finishReasons: rows.map(({ finishReason }) => finishReason ?? "abort"),
    usage: rows.map(({ ids, promptLength }) => ({
      promptTokens: promptLength,
      completionTokens: ids.length - promptLength,
    })),
    seeds: settings.doSample ? settings.seeds : undefined,
  };
}

function checkBelongTogether(state: DecoderState, prompts: readonly Int32Array[], settings: GenerationSettings): void {
  const rows = settings.maxLengths.length;
  if (state.batch !== rows || prompts.length !== rows) {
    throw new InvalidArgumentError({
      argument: "prompts",
      expected: `one for each of ${rows} rows that the options were resolved for`,
      found: `${prompts.length}, and a decoder of ${state.batch} rows`,
    });
  }
  const odd = prompts.findIndex((prompt, row) => prompt.length !== state.lengths[row]);
  if (odd >= 0) {
    throw new InvalidArgumentError({
      argument: "prompts",
      expected: `the ${state.lengths[odd]} tokens that the decoder has read of row ${odd}`,
      found: `${prompts[odd]?.length}`,
    });
  }
}
