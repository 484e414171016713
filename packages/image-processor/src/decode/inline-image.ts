import { MediaError } from "@smolvlm/contracts";
import { checkLength, type ImageFile } from "./image-file.js";
import { imageKind } from "./image-kind.js";

function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function decodeBase64(media: string, text: string, maxBytes: number): Uint8Array {
  // A rough check before memory is taken: even with line breaks, text is not twice as long as its bytes.
  checkLength(media, text.length / 2, maxBytes);
  let binary: string;
  try {
    binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch (cause) {
    throw new MediaError(media, "is not base64: it has other characters, or ends too early.", { cause });
  }
  checkLength(media, binary.length, maxBytes);
  return latin1Bytes(binary);
}

/**
 * The bytes of a `data:` URL, base64 or percent-encoded.
 *
 * @throws MediaError when it is malformed or too long.
 */
export function readDataUrl(url: string, maxBytes: number): ImageFile {
  const media = "data: URL";
  const comma = url.indexOf(",");
  if (comma < 0) throw new MediaError(media, "has no comma, and so no data.");
  const isBase64 = /;\s*base64\s*$/i.test(url.slice(0, comma));
  const text = url.slice(comma + 1);
  const unescape = (escaped: string): string =>
    escaped.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  if (isBase64) return { media, bytes: decodeBase64(media, unescape(text), maxBytes) };
  checkLength(media, text.length / 3, maxBytes);
  const bytes = latin1Bytes(unescape(text));
  checkLength(media, bytes.length, maxBytes);
  return { media, bytes };
}

/** Text that is a picture in base64, as the reference takes it too; undefined when it is something else. */
export function readBase64(text: string, maxBytes: number): ImageFile | undefined {
  if (!/^[A-Za-z0-9+/_-]{16}/.test(text)) return undefined;
  try {
    if (imageKind(decodeBase64("", text.replace(/\s/g, "").slice(0, 96), maxBytes)) === undefined) return undefined;
  } catch {
    return undefined;
  }
  return { media: "base64 text", bytes: decodeBase64("base64 text", text, maxBytes) };
}
