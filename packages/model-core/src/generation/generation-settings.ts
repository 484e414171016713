import type { GenerationOptions } from "./generation-options.js";

/** Options of generation after merging and checking, with what every part of the loop needs filled in. */
export interface GenerationSettings extends Omit<
  GenerationOptions,
  "stopStrings" | "seed" | "maxLength" | "maxNewTokens"
> {
  readonly doSample: boolean;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number;
  readonly stopStrings: readonly string[];
  /** Most ids of each row, its prompt included; more than the prompt holds and no more than the context. */
  readonly maxLengths: readonly number[];
  /** Seed of each row; empty when tokens are not drawn at random. */
  readonly seeds: readonly number[];
  /** When `maxTime` began, in milliseconds of `performance.now()`. */
  readonly startTime: number;
}
