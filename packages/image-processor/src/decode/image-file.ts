import { MediaError } from "@smolvlm/contracts";

/** A file's bytes, and what to call it in messages. */
export interface ImageFile {
  readonly media: string;
  readonly bytes: Uint8Array;
}

/** Checks that a file, called `media` in messages, is not too large. @throws MediaError when there are more than `maxBytes` bytes. */
export function checkLength(media: string, length: number, maxBytes: number): void {
  if (length > maxBytes)
    throw new MediaError(media, `is larger than the limit of ${maxBytes} bytes; raise maxBytes to read it.`);
}
