import { FileIntegrityError, NetworkError, type HubError } from "../errors.js";
import { pause, request, type HttpClient, type HttpResponse } from "./http-client.js";

/** Where downloaded bytes go, in order. */
export interface TransferSink {
  /** Bytes held so far, from the start of the file. */
  readonly position: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Forgets everything and starts at 0. */
  restart(): Promise<void>;
}

/** What to download. */
export interface TransferSource {
  readonly url: string;
  /** What error messages call the file. */
  readonly name: string;
  /** Its length in bytes. */
  readonly size: number;
  /** `ETag` or `Last-Modified` that the answer must have, where the address is not immutable. */
  readonly validator?: string | undefined;
}

/**
 * Fills `sink` with the bytes of `source`, from the sink's position on. A connection that breaks is resumed with a range request
 * where it broke; one that brings nothing new is tried as often as the client says.
 *
 * @throws FileIntegrityError when the server sends more than `size` bytes, or another length than announced every time;
 *   NetworkError or another HubError when it cannot be read to its end.
 */
export async function transfer(
  client: HttpClient,
  source: TransferSource,
  sink: TransferSink,
  signal?: AbortSignal,
): Promise<void> {
  let furthest = sink.position;
  for (let fruitless = 0; sink.position < source.size;) {
    const failure = await attempt(client, source, sink, signal);
    if (sink.position >= source.size) return;
    // A server that ignores ranges starts over each time; only bytes never seen before count, or this could go on for ever.
    fruitless = sink.position > furthest ? 0 : fruitless + 1;
    furthest = Math.max(furthest, sink.position);
    if (fruitless > client.retries) throw failure;
    await pause(client.retryDelay * 2 ** fruitless, signal);
  }
}

async function attempt(
  client: HttpClient,
  source: TransferSource,
  sink: TransferSink,
  signal: AbortSignal | undefined,
): Promise<HubError | FileIntegrityError> {
  const { url, name, size } = source;
  const start = sink.position;
  const headers = {
    // Compressed answers have neither the file's length nor its ranges.
    "Accept-Encoding": "identity",
    ...(start > 0 ? { Range: `bytes=${start}-` } : {}),
  };
  const response = await request(client, url, { headers, signal, accept: [416] });
  try {
    const wrong = wrongRange(response, source, start);
    if (wrong) {
      if (start > 0) await sink.restart();
      return wrong;
    }
    if (response.status !== 206 && start > 0) await sink.restart();
    for await (const piece of response.body()) {
      if (sink.position + piece.byteLength > size) {
        throw new FileIntegrityError({ file: name, expected: `${size} bytes`, found: "more" });
      }
      await sink.write(piece);
    }
    const message = `${url} ended ${size - sink.position} bytes too early. Try again; the download goes on where it stopped.`;
    return new NetworkError({ message, url, status: response.status });
  } catch (cause) {
    signal?.throwIfAborted();
    if (NetworkError.isInstance(cause)) return cause;
    throw cause;
  } finally {
    response.close();
  }
}

/** Why an answer cannot be what comes next in the file, if so: then its bytes must not be appended. */
function wrongRange(
  response: HttpResponse,
  { name, size, validator }: TransferSource,
  start: number,
): FileIntegrityError | undefined {
  const { status, headers } = response;
  const error = (found: string): FileIntegrityError =>
    new FileIntegrityError({ file: name, expected: `bytes ${start} to ${size}`, found });
  const version = headers.get("etag") ?? headers.get("last-modified");
  if (validator !== undefined && version !== validator) return error("a newer version of the file");
  if (status === 416) return error("the answer that this range does not exist");
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
    const right = Number(range?.[1]) === start && (range?.[2] === "*" || Number(range?.[2]) === size);
    return right ? undefined : error(`bytes ${range ? `from ${range[1]} of ${range[2]}` : "of an unknown range"}`);
  }
  const length = headers.get("content-length");
  const encoded = !["", "identity"].includes(headers.get("content-encoding") ?? "");
  if (length === null || encoded || Number(length) === size) return undefined;
  return error(`a file of ${length} bytes`);
}
