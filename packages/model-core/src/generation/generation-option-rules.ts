import { InvalidArgumentError } from "@smolvlm/contracts";
import type { GenerationOptions, SamplingOptions } from "./generation-options.js";

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown, vocabSize: number) => boolean;
}

const rule = (expected: string, accepts: Rule["accepts"]): Rule => ({ expected, accepts });
const isInteger = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;
const isFinite = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isListOf = (value: unknown, accepts: (item: unknown) => boolean): value is readonly unknown[] =>
  Array.isArray(value) && value.every(accepts);
const isIdList = (value: unknown): value is readonly number[] => isListOf(value, (id) => isInteger(id, 0));
const isToken = (value: unknown, vocabSize: number): boolean => isInteger(value, 0) && value < vocabSize;
const isSequence = (value: unknown, vocabSize: number): boolean =>
  isListOf(value, (id) => isToken(id, vocabSize)) && value.length > 0;

const integer = (least: number): Rule => rule(`an integer of at least ${least}`, (value) => isInteger(value, least));
const flag = rule("true or false", (value) => typeof value === "boolean");
const ids = rule("an array of token ids", isIdList);
const callback = rule("a function", (value) => typeof value === "function");
const callbacks = rule("an array of functions", (value) => isListOf(value, (item) => typeof item === "function"));
const cutoff = rule("a number from 0 to 1, 1 excluded", (value) => isFinite(value) && value >= 0 && value < 1);
const positive = (hint = ""): Rule => rule(`a number above 0${hint}`, (value) => isFinite(value) && value > 0);
const fraction = rule("a number from 0 to 1", (value) => isFinite(value) && value >= 0 && value <= 1);
const positiveFraction = rule("a number above 0, at most 1", (value) => isFinite(value) && value > 0 && value <= 1);
const token = rule("a token id of the model's vocabulary", isToken);

const rules: { readonly [Name in keyof GenerationOptions]-?: Rule } = {
  maxNewTokens: integer(1),
  maxLength: integer(1),
  minNewTokens: integer(0),
  minLength: integer(0),
  maxTime: positive(" (seconds)"),
  eosTokenIds: ids,
  padTokenId: token,
  stopStrings: rule(
    "a string that is not empty, or an array of them",
    (value) => isText(value) || (isListOf(value, isText) && value.length > 0),
  ),
  decode: callback,
  stoppingCriteria: callbacks,
  promptLookup: flag,
  signal: rule("an AbortSignal", isAbortSignal),
  doSample: flag,
  seed: rule(
    "an integer of at least 0, or one for each row",
    (value) => isInteger(value, 0) || isListOf(value, (seed) => isInteger(seed, 0)),
  ),
  temperature: positive(" (for greedy decoding leave doSample off instead)"),
  topK: integer(0),
  topP: fraction,
  minP: fraction,
  topH: positiveFraction,
  typicalP: positiveFraction,
  epsilonCutoff: cutoff,
  etaCutoff: cutoff,
  repetitionPenalty: positive(),
  noRepeatNgramSize: integer(0),
  badWordsIds: rule("an array of arrays of token ids of the model's vocabulary, none empty", (value, vocabSize) =>
    isListOf(value, (sequence) => isSequence(sequence, vocabSize)),
  ),
  sequenceBias: rule("an array of [token ids of the model's vocabulary, number]", (value, vocabSize) =>
    isListOf(
      value,
      (item) =>
        Array.isArray(item) &&
        item.length === 2 &&
        isSequence(item[0], vocabSize) &&
        typeof item[1] === "number" &&
        !Number.isNaN(item[1]),
    ),
  ),
  prefixAllowedTokensFn: callback,
  forcedBosTokenId: token,
  forcedEosTokenId: rule(
    "a token id of the model's vocabulary, or an array of them",
    (value, vocabSize) => isToken(value, vocabSize) || isSequence(value, vocabSize),
  ),
  removeInvalidValues: flag,
  exponentialDecayLengthPenalty: rule(
    "[new tokens, an integer of at least 0; factor, a number above 0]",
    (value) =>
      Array.isArray(value) && value.length === 2 && isInteger(value[0], 0) && isFinite(value[1]) && value[1] > 0,
  ),
  suppressTokens: ids,
  beginSuppressTokens: ids,
  renormalizeLogits: flag,
  logitsProcessor: callbacks,
  onToken: callback,
};

/** By its shape, since a signal may come from another realm or a polyfill. */
function isAbortSignal(value: unknown): boolean {
  return typeof (value as Partial<AbortSignal> | null)?.throwIfAborted === "function";
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Options that have no effect without `doSample`. */
const samplingOptions: ReadonlySet<string> = new Set<keyof SamplingOptions>([
  "temperature",
  "topK",
  "topP",
  "minP",
  "topH",
  "typicalP",
  "epsilonCutoff",
  "etaCutoff",
]);

/**
 * Checks the values of all options. What a call gives is always checked; what a checkpoint gives only where it has an effect, since files
 * with a temperature of 0 beside greedy decoding exist.
 *
 * @throws InvalidArgumentError naming the option, what was expected and what was found; also for a name that is no option.
 */
export function checkGenerationOptions(merged: GenerationOptions, call: GenerationOptions, vocabSize: number): void {
  for (const name of Object.keys(call)) {
    if (!Object.hasOwn(rules, name)) throw unknownOption(name);
  }
  for (const [name, { expected, accepts }] of Object.entries(rules)) {
    const value: unknown = merged[name as keyof GenerationOptions];
    if (value === undefined) continue;
    const hasEffect = merged.doSample === true || !samplingOptions.has(name);
    const isFromCall = call[name as keyof GenerationOptions] !== undefined;
    if ((hasEffect || isFromCall) && !accepts(value, vocabSize)) {
      throw new InvalidArgumentError({ argument: name, expected, found: describe(value) });
    }
  }
}

function unknownOption(name: string): InvalidArgumentError {
  const camelCase = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const isNearMiss = camelCase !== name && Object.hasOwn(rules, camelCase);
  return new InvalidArgumentError({
    argument: name,
    expected: isNearMiss ? `the option to be spelled ${camelCase}` : "an option of GenerationOptions",
    found: "an unknown name",
  });
}

const MAX_DESCRIPTION = 80;

function describe(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return "an object";
  if (typeof value !== "string" && !Array.isArray(value)) return String(value);
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? `${item}n` : item));
  return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION)}…` : text;
}
