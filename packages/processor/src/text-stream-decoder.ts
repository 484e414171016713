import type { SmolVLMTokenizer } from "./tokenizer/smolvlm-tokenizer.js";

/** Options of a streaming decoder. */
export interface TextStreamDecoderOptions {
  /** Whether special tokens are left out. Default true: a stream is for people. */
  readonly skipSpecialTokens?: boolean | undefined;
}

/**
 * Text of one row of tokens while they come. What it has given never changes: a character whose bytes are spread over several tokens is held
 * back until its last byte, and all pieces together are exactly what `decode` makes of all ids (without clean-up of spaces).
 */
export class TextStreamDecoder {
  readonly #tokenizer: SmolVLMTokenizer;
  readonly #skip: boolean;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(tokenizer: SmolVLMTokenizer, options: TextStreamDecoderOptions = {}) {
    this.#tokenizer = tokenizer;
    this.#skip = options.skipSpecialTokens ?? true;
  }

  /** The text that one token, or several, complete; often empty. */
  push(ids: number | Iterable<number>): string {
    let text = "";
    for (const id of typeof ids === "number" ? [ids] : ids) {
      if (this.#skip && this.#tokenizer.specialTokenIds.has(id)) continue;
      text += this.#utf8.decode(this.#tokenizer.tokenBytes(id), { stream: true });
    }
    return text;
  }

  /** The rest, at the end: U+FFFD where a character was begun and never completed. The decoder can be used for another row after that. */
  flush(): string {
    return this.#utf8.decode();
  }
}
