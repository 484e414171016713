import { checkLength } from "../decode/image-file.js";
import { fetchMedia, inTime, type FetchLimits } from "./fetch-media.js";

async function readAll(response: Response, media: string, maxBytes: number): Promise<Uint8Array> {
  checkLength(media, Number(response.headers.get("content-length") ?? 0), maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) break;
    length += value.length;
    checkLength(media, length, maxBytes);
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * The bytes behind a URL that the browser fetches (http, https, blob), never more than `maxBytes` of them in memory.
 *
 * @throws MediaError for a refusal or fault of the server, or when a limit is met; the signal's reason when it aborts.
 */
export function fetchImage(
  url: URL,
  media: string,
  limits: FetchLimits,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return inTime(media, limits, signal, async (either) =>
    readAll(await fetchMedia(url, media, { signal: either }), media, limits.maxBytes),
  );
}
