import { InvalidArgumentError, MediaError } from "@smolvlm/contracts";
import { checkLength, displayUrl, fetchMedia, inTime, type FetchLimits } from "@smolvlm/image-processor/web";
import { HEAD_BYTES } from "../refuse-pictures.js";
import type { VideoFile } from "../video-frame-source.js";

/** A video's file: held here, or on a server that sends the parts that are asked for. */
export interface WebFile {
  /** What to call it in messages. */
  readonly media: string;
  /** Its first bytes, at most `HEAD_BYTES`. */
  readonly head: Uint8Array;
  readonly place: Blob | URL;
}

/** A response's body as a Blob, which the browser may keep on disk. */
async function readBody(response: Response, media: string, maxBytes: number): Promise<Blob> {
  checkLength(media, Number(response.headers.get("content-length") ?? 0), maxBytes);
  if (!response.body) return new Blob();
  let length = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      length += chunk.length;
      if (length > maxBytes) controller.error();
      else controller.enqueue(chunk);
    },
  });
  try {
    return await new Response(response.body.pipeThrough(counter)).blob();
  } catch (cause) {
    // What broke the stream is not what is thrown here.
    checkLength(media, length, maxBytes);
    throw cause;
  }
}

async function ofBlob(media: string, blob: Blob): Promise<WebFile> {
  if (blob.size === 0) throw new MediaError(media, "is empty.");
  try {
    return { media, head: new Uint8Array(await blob.slice(0, HEAD_BYTES).arrayBuffer()), place: blob };
  } catch (cause) {
    throw new MediaError(media, "could not be read; was the file moved or changed? Choose it again.", { cause });
  }
}

async function ofUrl(url: URL, limits: FetchLimits, signal: AbortSignal | undefined): Promise<WebFile> {
  const media = displayUrl(url);
  switch (url.protocol) {
    case "http:":
    case "https:":
      return inTime(media, limits, signal, async (either) => {
        const headers = { Range: `bytes=0-${HEAD_BYTES - 1}` };
        const response = await fetchMedia(url, media, { headers, signal: either });
        if (response.status !== 206) return ofBlob(media, await readBody(response, media, limits.maxBytes));
        return { media, head: new Uint8Array(await response.arrayBuffer()), place: url };
      });
    case "blob:":
    case "data:":
    case "chrome-extension:":
    case "moz-extension:":
      return ofBlob(media, await fetchWhole(url, media, limits, signal));
    case "file:":
      throw new MediaError(media, "a page may not read files by their address; give the File of an <input> or a drop.");
    default:
      throw new MediaError(media, `${url.protocol} URLs are not read; give an http(s), blob: or data: URL.`);
  }
}

function fetchWhole(url: URL, media: string, limits: FetchLimits, signal?: AbortSignal): Promise<Blob> {
  return inTime(media, limits, signal, async (either) =>
    readBody(await fetchMedia(url, media, { signal: either }), media, limits.maxBytes),
  );
}

/** Text as a URL, relative to the page or worker as `fetch` takes it. */
function resolveUrl(text: string): URL {
  try {
    return new URL(new Request(text).url);
  } catch (cause) {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    const advice = "is not a URL that can be read here. Give a whole http(s), blob: or data: URL, or a File.";
    throw new MediaError(shown, advice, { cause });
  }
}

/**
 * Finds a video's file and reads its first bytes; no more, where the server sends parts.
 *
 * @throws MediaError when it cannot be had or is over a limit; InvalidArgumentError for a source of another type.
 */
export async function readWebFile(
  source: VideoFile,
  limits: FetchLimits,
  signal: AbortSignal | undefined,
): Promise<WebFile> {
  if (typeof source === "string") return ofUrl(resolveUrl(source), limits, signal);
  if (source instanceof URL) return ofUrl(source, limits, signal);
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    checkLength("bytes", source.byteLength, limits.maxBytes);
    return ofBlob("bytes", new Blob([source as Uint8Array<ArrayBuffer>]));
  }
  if (source instanceof Blob)
    return ofBlob("name" in source && typeof source.name === "string" ? source.name : "Blob", source);
  const expected = "a URL, bytes, a Blob, a <video>, a camera's track, or frames";
  throw new InvalidArgumentError({ argument: "video", expected, found: source === null ? "null" : typeof source });
}

/** The file as a whole, held here. @throws MediaError when it cannot be had or is over a limit. */
export async function wholeFile({ place, media }: WebFile, limits: FetchLimits, signal?: AbortSignal): Promise<Blob> {
  return place instanceof Blob ? place : fetchWhole(place, media, limits, signal);
}
