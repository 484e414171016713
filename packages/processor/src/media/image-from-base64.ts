import { MediaError } from "@smolvlm/contracts";

/**
 * The bytes of a picture in base64, with or without a `data:` prefix.
 *
 * @throws MediaError when it is not base64.
 */
export function imageFromBase64(base64: string, at: string): Uint8Array {
  const text = base64.startsWith("data:") ? base64.slice(base64.indexOf(",") + 1) : base64;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new MediaError(at, "its base64 is not base64; pass the bytes of a picture file.", { cause });
  }
}
