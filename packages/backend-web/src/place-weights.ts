import type { CreateRequest } from "@smolvlm/backend-common";
import { BackendError, type ByteSource, type SessionGraph } from "@smolvlm/contracts";

/** WebAssembly addresses 4 GiB in all; weights beyond this leave no room to run. */
const MAX_BYTES_OF_WEIGHTS = 3.5 * 2 ** 30;
/** Bytes read at a time, so that reading can report and be aborted. */
const READ_BYTES = 16 * 2 ** 20;

type Placed = Omit<CreateRequest, "cache">;

/** What placing needs besides the weights. */
interface PlaceOptions {
  readonly onLoaded: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes the weights of a graph readable for an engine in a worker, without having them in memory: as files or blobs, whose bytes the
 * browser holds, on disk where they are stored. The worker reads them tensor by tensor into ONNX Runtime's memory.
 *
 * @param where the backend and the graph, for messages.
 * @throws BackendError when they cannot fit WebAssembly's memory.
 */
export async function placeStored(
  where: string,
  graph: SessionGraph,
  onLoaded: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<Placed> {
  checkSize(where, graph);
  const report = adding(onLoaded);
  const all = [];
  for (const { location, source } of graph.externalData) {
    const stored = await source.stored?.({ signal });
    const pieces: Blob[] = [];
    // Each piece becomes the browser's to hold before the next is read.
    if (!stored)
      for await (const piece of piecesOf(source, { onLoaded: report, signal })) pieces.push(new Blob([piece]));
    all.push({ location, ...(stored ?? { blob: new Blob(pieces) }) });
  }
  return { model: graph.model.slice(), folder: undefined, weights: [], stored: all };
}

/**
 * Reads the weights of a graph for an engine in this thread, which cannot wait for a read: each into one array.
 *
 * @param where the backend and the graph, for messages.
 * @throws BackendError when they cannot fit WebAssembly's memory.
 */
export async function placeArrays(
  where: string,
  graph: SessionGraph,
  onLoaded: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<Placed> {
  checkSize(where, graph);
  const report = adding(onLoaded);
  const weights = [];
  for (const { location, source } of graph.externalData) {
    const data = new Uint8Array(source.size);
    let at = 0;
    for await (const piece of piecesOf(source, { onLoaded: report, signal })) {
      data.set(piece, at);
      at += piece.length;
    }
    weights.push({ location, data });
  }
  return { model: graph.model.slice(), folder: undefined, weights };
}

async function* piecesOf(
  source: ByteSource,
  { onLoaded, signal }: PlaceOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let offset = 0; offset < source.size; offset += READ_BYTES) {
    const piece = await source.read(offset, Math.min(READ_BYTES, source.size - offset), { signal });
    signal?.throwIfAborted();
    onLoaded(piece.length);
    yield piece as Uint8Array<ArrayBuffer>;
  }
}

/** Turns bytes read into bytes read so far. */
function adding(onLoaded: (bytes: number) => void): (bytes: number) => void {
  let loaded = 0;
  return (bytes) => onLoaded((loaded += bytes));
}

function checkSize(where: string, graph: SessionGraph): void {
  const total = graph.externalData.reduce((sum, { source }) => sum + source.size, 0);
  if (total <= MAX_BYTES_OF_WEIGHTS) return;
  const problem = `the weights have ${total} bytes, more than the ${MAX_BYTES_OF_WEIGHTS} that fit a page`;
  throw new BackendError(where, `${problem}; use a smaller model.`);
}
