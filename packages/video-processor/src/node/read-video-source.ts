import { createWriteStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError, MediaError } from "@smolvlm/contracts";
import { displayUrl, fetchMedia, type FetchLimits } from "@smolvlm/image-processor/node";
import { HEAD_BYTES } from "../refuse-pictures.js";
import type { VideoFile } from "../video-frame-source.js";

/** A video as a local file. */
export interface LocalVideo {
  /** What to call it in messages. */
  readonly media: string;
  /** Absolute path. */
  readonly path: string;
  /** The file's first bytes, at most `HEAD_BYTES`. */
  readonly head: Uint8Array;
  /** Removes the file, where it is a temporary one. */
  dispose(): Promise<void>;
}

const keep = async (): Promise<void> => undefined;

/** Opens a regular file, and nothing that could block or never end. */
async function localFile(media: string, path: string, dispose = keep): Promise<LocalVideo> {
  try {
    const file = await open(path);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new MediaError(media, "is not a file.");
      if (status.size === 0) throw new MediaError(media, "is empty.");
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return { media, path: resolve(path), head: buffer.subarray(0, bytesRead), dispose };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (MediaError.isInstance(cause)) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG" || code === "ERR_INVALID_ARG_VALUE") {
      const shown = media.length > 200 ? `${media.slice(0, 200)}…` : media;
      throw new MediaError(shown, "there is no such file. Give a path, an http(s) or file: URL, bytes or a Blob.", {
        cause,
      });
    }
    throw new MediaError(media, `could not be read (${code ?? String(cause)}).`, { cause });
  }
}

/** Writes a stream into a temporary file, which FFmpeg can seek in; a pipe it cannot. */
async function temporaryFile(
  media: string,
  bytes: Readable,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<LocalVideo> {
  const folder = await mkdtemp(join(tmpdir(), "smolvlm-video-"));
  const dispose = () => rm(folder, { recursive: true, force: true });
  let length = 0;
  const limit = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      length += chunk.length;
      if (length <= maxBytes) return done(null, chunk);
      done(new MediaError(media, `is larger than the limit of ${maxBytes} bytes; raise maxBytes to read it.`));
    },
  });
  try {
    const path = join(folder, "video");
    await pipeline(bytes, limit, createWriteStream(path, { mode: 0o600 }), signal ? { signal } : {});
    return await localFile(media, path, dispose);
  } catch (error) {
    await dispose();
    signal?.throwIfAborted();
    throw error;
  }
}

function fromUrl(url: URL, limits: FetchLimits, signal?: AbortSignal): Promise<LocalVideo> {
  if (url.protocol === "http:" || url.protocol === "https:") {
    return fetchMedia(url, limits, signal, (response, media) => {
      const body = response.body
        ? Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
        : Readable.from([]);
      return temporaryFile(media, body, limits.maxBytes, signal);
    });
  }
  if (url.protocol !== "file:") {
    throw new MediaError(displayUrl(url), `${url.protocol} URLs are not read; give an http(s) or file: URL.`);
  }
  try {
    const path = fileURLToPath(url);
    return localFile(path, path);
  } catch (cause) {
    throw new MediaError(url.href, "is not the URL of a file on this machine.", { cause });
  }
}

/**
 * A video as a file on this machine: a path as it is, anything else as a temporary copy that `dispose` removes.
 *
 * @throws MediaError when it cannot be had or is over a limit; InvalidArgumentError for a source of another type.
 */
export async function readVideoSource(
  source: VideoFile,
  limits: FetchLimits,
  signal?: AbortSignal,
): Promise<LocalVideo> {
  if (typeof source === "string") {
    if (!/^(?:https?|file):\/\//i.test(source)) return localFile(source, source);
    if (!URL.canParse(source)) throw new MediaError(source, "is not a valid URL.");
    return fromUrl(new URL(source), limits, signal);
  }
  if (source instanceof URL) return fromUrl(source, limits, signal);
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    return temporaryFile("bytes", Readable.from([Buffer.from(source as ArrayBuffer)]), limits.maxBytes, signal);
  }
  if (source instanceof Blob) {
    const stream = source.stream() as Parameters<typeof Readable.fromWeb>[0];
    return temporaryFile("Blob", Readable.fromWeb(stream), limits.maxBytes, signal);
  }
  const expected = "a path, a URL, bytes or a Blob";
  throw new InvalidArgumentError({ argument: "video", expected, found: source === null ? "null" : typeof source });
}
