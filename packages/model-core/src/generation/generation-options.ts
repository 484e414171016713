import type { LogitsProcessor } from "./logits-processors/logits-processor.js";
import type { TokenEvent } from "./generate-result.js";

/** Bounds of the answer's length, and what else ends it. */
export interface StoppingOptions {
  /** Most new tokens, at least 1. Wins over `maxLength`. With neither here nor in the checkpoint, 20 as in the reference. */
  readonly maxNewTokens?: number | undefined;
  /** Most tokens of a row, its own prompt (without padding) included. */
  readonly maxLength?: number | undefined;
  /** Fewest new tokens: no EOS before. Wins over `minLength`; the maximum wins over both. */
  readonly minNewTokens?: number | undefined;
  /** Fewest tokens of a row, its own prompt included. */
  readonly minLength?: number | undefined;
  /** Seconds from the beginning of the call, prefill included, after which rows end with the token being made. */
  readonly maxTime?: number | undefined;
  /** Tokens that end a row; they are part of the result. `[]` for none. */
  readonly eosTokenIds?: readonly number[] | undefined;
  /** What finished rows of a batch hold while others run. Default: the checkpoint's, else the first EOS token. */
  readonly padTokenId?: number | undefined;
  /** A row ends once its newest token completes one of these in its text. Its ids are kept whole. Needs `decode`. */
  readonly stopStrings?: string | readonly string[] | undefined;
  /** Ids → text with the special tokens kept, for `stopStrings`. */
  readonly decode?: ((ids: Int32Array) => string) | undefined;
  /** Each is asked after every token whether the row ends here. `ids` (prompt and new ones) is valid during the call only. */
  readonly stoppingCriteria?: readonly ((ids: Int32Array, row: number) => boolean)[] | undefined;
  /** Checked between tokens; when aborted, generation throws its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How a token is drawn. All but `doSample` and `seed` have an effect only with `doSample: true`, as in the reference. */
export interface SamplingOptions {
  /** Draws tokens at random instead of taking the best one. Default false. */
  readonly doSample?: boolean | undefined;
  /**
   * An integer of at least 0 that fixes the draws: equal logits and an equal seed give equal tokens. One number serves every row, so a
   * row of a batch is drawn as it would be alone; give one seed per row to get different answers to the same prompt. Default: random,
   * reported in the result. PyTorch's own random stream is not reproduced.
   */
  readonly seed?: number | readonly number[] | undefined;
  /** Scores are divided by it; above 0. Default 1. */
  readonly temperature?: number | undefined;
  /** Keeps the so many best tokens and those equal to the last of them; 0 keeps all. Default 50, as in the reference. */
  readonly topK?: number | undefined;
  /** Keeps the fewest best tokens whose probabilities add up to it, 0–1; 1 keeps all. Default 1. */
  readonly topP?: number | undefined;
  /** Keeps tokens of at least this part of the best one's probability, 0–1. */
  readonly minP?: number | undefined;
  /** Keeps the best tokens while the entropy they add up stays within this part of the whole (arXiv 2509.02510); above 0, at most 1. */
  readonly topH?: number | undefined;
  /** Keeps the tokens closest to the expected information that add up to this probability (arXiv 2202.00666); 1 keeps all. */
  readonly typicalP?: number | undefined;
  /** Removes tokens of a smaller probability (arXiv 2210.15191), 0–1 exclusive; 0 removes none. */
  readonly epsilonCutoff?: number | undefined;
  /** Like `epsilonCutoff`, with a bound that falls when the entropy is high (arXiv 2210.15191), 0–1 exclusive; 0 removes none. */
  readonly etaCutoff?: number | undefined;
}

/** What changes the scores before a token is chosen, in greedy decoding too. Each looks at the row's own ids, without padding. */
export interface LogitsOptions {
  /** Makes ids that occur in the row, prompt included, less likely: positive scores are divided by it, others multiplied; above 0. */
  readonly repetitionPenalty?: number | undefined;
  /** No run of so many tokens occurs twice in a row, prompt included; 0 allows it. */
  readonly noRepeatNgramSize?: number | undefined;
  /** Sequences of ids that never occur. */
  readonly badWordsIds?: readonly (readonly number[])[] | undefined;
  /** Sequences of ids and what is added to the score of their last id when the others precede it. */
  readonly sequenceBias?: readonly (readonly [sequence: readonly number[], bias: number])[] | undefined;
  /** The ids allowed next, given a row and its ids so far (valid during the call only); at least one. */
  readonly prefixAllowedTokensFn?: ((row: number, ids: Int32Array) => readonly number[]) | undefined;
  /** The first new id of a row whose prompt is a single id. */
  readonly forcedBosTokenId?: number | undefined;
  /** The last id when the greatest length is reached. */
  readonly forcedEosTokenId?: number | readonly number[] | undefined;
  /** Replaces NaN and infinite scores by finite ones instead of failing. */
  readonly removeInvalidValues?: boolean | undefined;
  /** `[start, factor]`: after `start` new tokens, EOS becomes more likely with each further one, by powers of `factor`. */
  readonly exponentialDecayLengthPenalty?: readonly [start: number, factor: number] | undefined;
  /** Ids that never occur. */
  readonly suppressTokens?: readonly number[] | undefined;
  /** Ids that do not occur as the first new token. */
  readonly beginSuppressTokens?: readonly number[] | undefined;
  /** Makes the processed scores log-probabilities at the end. */
  readonly renormalizeLogits?: boolean | undefined;
  /** Your own processors: after those above, before those of `SamplingOptions`. */
  readonly logitsProcessor?: readonly LogitsProcessor[] | undefined;
}

/**
 * Options of generation, with the names and the meaning of transformers' `GenerationConfig`. What a call leaves out comes from the
 * checkpoint's `generation_config.json`, then from the reference's defaults. There is no beam search.
 */
export interface GenerationOptions extends StoppingOptions, SamplingOptions, LogitsOptions {
  /**
   * Whether the next tokens are guessed from what the text repeats and checked together (prompt lookup), which makes fewer steps of the same
   * tokens. It rests while guesses do not come true, and batches of several rows do without. Default true.
   */
  readonly promptLookup?: boolean | undefined;
  /** Called with every new token of every row, in order. */
  readonly onToken?: ((event: TokenEvent) => void) | undefined;
}
