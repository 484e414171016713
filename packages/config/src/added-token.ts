/** A token that is matched in the text before anything else, as `tokenizer.json` and `tokenizer_config.json` describe it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Whether decoding may skip it. */
  readonly special: boolean;
  /** Whether white space before it belongs to it. */
  readonly lstrip: boolean;
  /** Whether white space after it belongs to it. */
  readonly rstrip: boolean;
  /** Whether it is matched only where no word character touches it. */
  readonly singleWord: boolean;
  /** Whether it is looked for after the tokens that are not, in the text between them. */
  readonly normalized: boolean;
}
