import type { CreateRequest } from "@smolvlm/backend-common";
import { BackendError, type SessionGraph } from "@smolvlm/contracts";

/** WebAssembly addresses 4 GiB in all; weights beyond this leave no room to run. */
const MAX_BYTES_OF_WEIGHTS = 3.5 * 2 ** 30;
/** Bytes read at a time, so that reading can report and be aborted. */
const READ_BYTES = 16 * 2 ** 20;

/**
 * Reads the weights of a graph, each into one array that is then moved to the engine.
 *
 * @param where the backend and the graph, for messages.
 * @throws BackendError when they cannot fit WebAssembly's memory.
 */
export async function placeWeights(
  where: string,
  graph: SessionGraph,
  onLoaded: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<Omit<CreateRequest, "cache">> {
  const total = graph.externalData.reduce((sum, { source }) => sum + source.size, 0);
  if (total > MAX_BYTES_OF_WEIGHTS) {
    const problem = `the weights have ${total} bytes, more than the ${MAX_BYTES_OF_WEIGHTS} that fit a page`;
    throw new BackendError(where, `${problem}; use a smaller model.`);
  }
  let loaded = 0;
  const weights = [];
  for (const { location, source } of graph.externalData) {
    const data = new Uint8Array(source.size);
    for (let offset = 0; offset < data.length; offset += READ_BYTES) {
      const piece = await source.read(offset, Math.min(READ_BYTES, data.length - offset), { signal });
      signal?.throwIfAborted();
      data.set(piece, offset);
      onLoaded((loaded += piece.length));
    }
    weights.push({ location, data });
  }
  return { model: Uint8Array.from(graph.model), folder: undefined, weights };
}
