import type { MediaTokens } from "./media-tokens.js";

/** What a picture became. */
export interface ImagePromptOptions {
  /** Rows of tiles, 0 for a picture that was not split. */
  readonly rows: number;
  /** Columns of tiles, 0 for a picture that was not split. */
  readonly cols: number;
  /** `<image>` tokens of one frame. */
  readonly imageSeqLen: number;
  readonly tokens: MediaTokens;
}

/** The text of one frame that is not a tile: `F G I…I F`. */
export function framePrompt(imageSeqLen: number, tokens: MediaTokens): string {
  return (
    tokens.fakeImageToken + tokens.globalImageToken + tokens.imageToken.repeat(imageSeqLen) + tokens.fakeImageToken
  );
}

/**
 * The text that replaces the placeholder of one picture: for a split one each tile as `F <row_r_col_c> I…I` with a newline after each row,
 * an empty line, and the global frame; otherwise the frame alone.
 */
export function imagePrompt({ rows, cols, imageSeqLen, tokens }: ImagePromptOptions): string {
  const global = framePrompt(imageSeqLen, tokens);
  if (rows === 0 && cols === 0) return global;
  const images = tokens.imageToken.repeat(imageSeqLen);
  let text = "";
  for (let row = 1; row <= rows; row++) {
    for (let col = 1; col <= cols; col++) text += `${tokens.fakeImageToken}<row_${row}_col_${col}>${images}`;
    text += "\n";
  }
  return `${text}\n${global}`;
}
