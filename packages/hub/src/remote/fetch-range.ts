import { FileIntegrityError, NetworkError, type HubError } from "../errors.js";
import { pause, request, type HttpClient, type HttpResponse } from "./http-client.js";
import type { TransferSource } from "./transfer.js";

/** What to fetch of a file: the bytes `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** How a fetch is done. */
export interface FetchRangeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes gained, negative when some are thrown away. */
  readonly onBytes?: ((count: number) => void) | undefined;
  /** Bytes of each piece, of the last one what is left. */
  readonly pieceBytes: number;
  /** Called with each piece as soon as it is whole, in order and once; no more is read until it has returned. */
  readonly onPiece: (bytes: Uint8Array<ArrayBuffer>, index: number) => Promise<void> | void;
}

/**
 * Part of a file, piece by piece. A connection that breaks is resumed where it broke, with what came before kept; one that brings nothing
 * new is tried as often as the client says.
 *
 * @returns false when the server knows no ranges and answers with the whole file.
 * @throws FileIntegrityError when the server sends another range, length or version than asked for; NetworkError or another HubError
 *   when it cannot be read to its end. Pieces that were whole before stay valid.
 */
export async function fetchRange(
  client: HttpClient,
  source: TransferSource,
  { start, end }: ByteRange,
  { signal, onBytes, pieceBytes, onPiece }: FetchRangeOptions,
): Promise<boolean> {
  const total = end - start;
  const isWhole = start === 0 && end === source.size;
  let got = 0;
  /** Up to where pieces were given away: these bytes are counted once, even if they come again. */
  let given = 0;
  let piece = new Uint8Array(0);
  const forget = (): void => {
    if (got > given) onBytes?.(given - got);
    got = 0;
  };
  const take = async (bytes: Uint8Array): Promise<void> => {
    for (let done = 0; done < bytes.length;) {
      const at = got % pieceBytes;
      if (at === 0) piece = new Uint8Array(Math.min(pieceBytes, total - got));
      const count = Math.min(bytes.length - done, piece.length - at);
      piece.set(bytes.subarray(done, done + count), at);
      done += count;
      const before = Math.max(got, given);
      got += count;
      if (got > before) onBytes?.(got - before);
      if (at + count < piece.length || got <= given) continue;
      given = got;
      await onPiece(piece, Math.ceil(got / pieceBytes) - 1);
    }
  };
  try {
    // A server that ignores ranges starts over each time; only bytes never seen before count, or this could go on for ever.
    for (let fruitless = 0, furthest = 0; got < total;) {
      const headers = {
        // Compressed answers have neither the file's length nor its ranges.
        "Accept-Encoding": "identity",
        ...(isWhole && got === 0 ? {} : { Range: `bytes=${start + got}-${end - 1}` }),
      };
      const response = await request(client, source.url, { headers, signal, accept: [416] });
      let failure: HubError | FileIntegrityError;
      try {
        if (response.status !== 206) {
          forget();
          // The whole file, which is only welcome where all of it is wanted.
          if (response.status !== 416 && !isWhole) return false;
        }
        const wrong = wrongAnswer(response, source, { start: start + got, end });
        if (wrong) throw wrong;
        for await (const bytes of response.body()) {
          if (got + bytes.byteLength > total) throw mismatch(source, { start, end }, "more bytes");
          await take(bytes);
        }
        const message = `${source.url} ended ${total - got} bytes too early. Try again; the download goes on where it stopped.`;
        failure = new NetworkError({ message, url: source.url, status: response.status });
      } catch (cause) {
        signal?.throwIfAborted();
        if (!NetworkError.isInstance(cause)) throw cause;
        failure = cause;
      } finally {
        response.close();
      }
      if (got === total) break;
      fruitless = got > furthest ? 0 : fruitless + 1;
      furthest = Math.max(furthest, got);
      if (fruitless > client.retries) throw failure;
      await pause(client.retryDelay * 2 ** fruitless, signal);
    }
    return true;
  } catch (error) {
    forget();
    throw error;
  }
}

/** Why an answer is not what was asked for, if so. A server elsewhere need not show its headers to a page; then its word is taken. */
function wrongAnswer(response: HttpResponse, source: TransferSource, range: ByteRange): FileIntegrityError | undefined {
  const { status, headers } = response;
  const version = headers.get("etag") ?? headers.get("last-modified");
  if (source.validator !== undefined && version !== null && version !== source.validator) {
    return mismatch(source, range, "a newer version of the file");
  }
  if (status === 416) return mismatch(source, range, "the answer that this range does not exist");
  const shown = headers.get("content-range");
  if (status === 206 && shown !== null) {
    const [, start, , size] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(shown) ?? [];
    if (Number(start) !== range.start || (size !== "*" && Number(size) !== source.size)) {
      return mismatch(source, range, `bytes from ${start ?? "an unknown place"} of ${size ?? "an unknown length"}`);
    }
  }
  const length = headers.get("content-length");
  const isEncoded = !["", "identity"].includes(headers.get("content-encoding") ?? "");
  const expected = status === 206 ? range.end - range.start : source.size;
  // Shorter than asked for is resumed; longer is another file.
  if (length === null || isEncoded || Number(length) <= expected) return undefined;
  return mismatch(source, range, `${length} bytes`);
}

function mismatch({ name, size }: TransferSource, { start, end }: ByteRange, found: string): FileIntegrityError {
  return new FileIntegrityError({ file: name, expected: `bytes ${start} to ${end} of ${size}`, found });
}
