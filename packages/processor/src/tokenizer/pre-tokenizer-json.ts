import type { PreTokenizerStep } from "@smolvlm/config";

/**
 * Letters and numbers that Unicode 17 assigned. The reference's regular expressions know Unicode 16 and see symbols here; JavaScript
 * engines know the version they were built with. Where the classes below name these characters, ids do not depend on the engine.
 */
const NEW_LETTERS =
  "\\u088f\\u0c5c\\u0cdc\\ua7ce\\ua7cf\\ua7d2\\ua7d4\\ua7f1\\u{10940}-\\u{10959}\\u{10ec5}-\\u{10ec7}\\u{11db0}-\\u{11ddb}" +
  "\\u{16ea0}-\\u{16eb8}\\u{16ebb}-\\u{16ed3}\\u{16ff2}\\u{16ff3}\\u{187f8}-\\u{187ff}\\u{18d09}-\\u{18d1e}\\u{18d80}-\\u{18df2}" +
  "\\u{1e6c0}-\\u{1e6de}\\u{1e6e0}-\\u{1e6e2}\\u{1e6e4}\\u{1e6e5}\\u{1e6e7}-\\u{1e6ed}\\u{1e6f0}-\\u{1e6f4}\\u{1e6fe}\\u{1e6ff}" +
  "\\u{2b73a}-\\u{2b73f}\\u{2cea2}-\\u{2cead}\\u{323b0}-\\u{33479}";
const NEW_NUMBERS = "\\u{11de0}-\\u{11de9}\\u{16ff4}-\\u{16ff6}";
const NEW = `[${NEW_LETTERS}${NEW_NUMBERS}]`;

/** `char::is_numeric` of the reference's `Digits`: all of N (Nd, Nl and No), of Unicode 17. */
const DIGIT = `[\\p{N}${NEW_NUMBERS}]`;

/** GPT-2's expression as the reference's `ByteLevel` runs it. Unlike JavaScript's, its `\s` is the property White_Space. */
const WORDS = [
  "'s|'t|'re|'ve|'m|'ll|'d",
  ` ?(?:(?!${NEW})\\p{L})+`,
  ` ?(?:(?!${NEW})\\p{N})+`,
  ` ?(?:${NEW}|[^\\s\\p{L}\\p{N}])+`,
  "\\s+(?!\\S)",
  "\\s+",
].join("|");

/**
 * The pre-tokenizer for `@huggingface/tokenizers`, in the JSON that library reads, such that its pieces are the reference's. Three things
 * are said in its own terms instead of by name, because the library's steps of those names differ from the Rust ones:
 * `Digits` there splits Nd only; `ByteLevel` there takes JavaScript's white space; and bytes without a symbol in the vocabulary (21 in the
 * published one) there stay between their neighbours and keep them from merging, while the reference drops them first.
 *
 * @param missing the byte symbols that the vocabulary lacks, where nothing replaces them
 */
export function preTokenizerJson(steps: readonly PreTokenizerStep[], missing: readonly string[]): object {
  const isolated = (regex: string) => ({
    type: "Split",
    pattern: { Regex: regex },
    behavior: "Isolated",
    invert: false,
  });
  const pretokenizers = steps.flatMap((step): object[] => {
    if (step.type === "Digits") return [isolated(step.individualDigits ? DIGIT : `${DIGIT}+`)];
    const bytes = { type: "ByteLevel", add_prefix_space: step.addPrefixSpace, trim_offsets: true, use_regex: false };
    return step.useRegex ? [isolated(WORDS), bytes] : [bytes];
  });
  if (missing.length > 0)
    pretokenizers.push({ type: "Replace", pattern: { Regex: `[${missing.map(escaped).join("")}]` }, content: "" });
  return { type: "Sequence", pretokenizers };
}

function escaped(symbol: string): string {
  return `\\u{${symbol.charCodeAt(0).toString(16)}}`;
}
