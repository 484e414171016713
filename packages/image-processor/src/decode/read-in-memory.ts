import { InvalidArgumentError, MediaError, type RawImage } from "@smolvlm/contracts";
import { checkLength, type ImageFile } from "./image-file.js";
import { objectKind } from "./object-kind.js";

function isRawImage(source: unknown): source is RawImage {
  return typeof source === "object" && source !== null && "data" in source && "width" in source && "height" in source;
}

/**
 * A picture that needs no fetching: bytes, a Blob, or pixels, which stay as they are.
 *
 * @param expected what may be given on this platform, for the message.
 * @throws MediaError when it has more than `maxBytes` bytes or cannot be read; InvalidArgumentError for anything else.
 */
export async function readInMemory(source: unknown, expected: string, maxBytes: number): Promise<ImageFile | RawImage> {
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
    checkLength("bytes", bytes.length, maxBytes);
    return { media: "bytes", bytes };
  }
  if (source instanceof Blob) {
    const media = "name" in source && typeof source.name === "string" ? source.name : "Blob";
    checkLength(media, source.size, maxBytes);
    try {
      return { media, bytes: new Uint8Array(await source.arrayBuffer()) };
    } catch (cause) {
      throw new MediaError(media, "could not be read; was the file moved or changed? Choose it again.", { cause });
    }
  }
  if (isRawImage(source)) return source;
  throw new InvalidArgumentError({ argument: "image", expected, found: objectKind(source) });
}

/** Text that is no picture, short enough for a message. */
export function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
