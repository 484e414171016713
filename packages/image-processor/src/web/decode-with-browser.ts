import { MediaError, type RawImage } from "@smolvlm/contracts";
import { checkSize, type DecodeContext } from "../decode/decode-context.js";
import { readImageHeader } from "../decode/image-header.js";
import type { ImageKind } from "../decode/image-kind.js";
import { orientPixels } from "../decode/orient-pixels.js";
import { readPixels } from "./read-pixels.js";

// Pillow ignores profiles, and drops alpha without having multiplied by it.
const OPTIONS = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const;

/** The name of no kind of metadata; its capital is what PNG asks of a chunk's name. */
const NO_NAME = "xxXx";

/** The file with what its header says can be hidden, hidden. */
function withHidden(bytes: Uint8Array<ArrayBuffer>, marks: readonly number[]): Blob {
  const parts: BlobPart[] = [];
  let at = 0;
  for (const mark of marks) {
    parts.push(bytes.subarray(at, mark), NO_NAME);
    at = mark + NO_NAME.length;
  }
  return new Blob([...parts, bytes.subarray(at)]);
}

/**
 * A JPEG, PNG, WebP or AVIF file as RGB, equal to Pillow's `convert("RGB")`: the first page, alpha dropped, profiles ignored.
 *
 * @throws MediaError when the file is damaged, truncated, too large, or of a kind that this browser does not know.
 */
export async function decodeWithBrowser(bytes: Uint8Array, kind: ImageKind, context: DecodeContext): Promise<RawImage> {
  const { media } = context;
  const header = readImageHeader(bytes, kind, media);
  checkSize(header.width, header.height, context);
  const file = withHidden(bytes as Uint8Array<ArrayBuffer>, header.hideableMarks);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, OPTIONS);
  } catch (cause) {
    const name = kind.toUpperCase();
    throw new MediaError(
      media,
      `could not be decoded; the file is damaged or truncated, or this browser does not know ${name}.`,
      { cause },
    );
  }
  try {
    checkSize(bitmap.width, bitmap.height, context);
    const image = await readPixels(bitmap, bitmap, true, media);
    return context.autoOrient ? orientPixels(image, header.orientation) : image;
  } finally {
    bitmap.close();
  }
}
