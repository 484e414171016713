import type { CreateRequest, OperationName, RequestOf, RunRequest } from "./engine-protocol.js";

/** The request with buffers of its own in place of the caller's, and those that are moved rather than copied once more. */
export function owningRequest<K extends OperationName>(
  operation: K,
  request: RequestOf<K>,
): [RequestOf<K>, ArrayBuffer[]] {
  if (operation === "create") {
    const { model, weights } = request as CreateRequest;
    return [request, [model.buffer, ...weights.map(({ data }) => data.buffer)]];
  }
  if (operation !== "run") return [request, []];
  const run = request as RunRequest;
  const transfer: ArrayBuffer[] = [];
  const feeds = Object.entries(run.feeds).map(([name, feed]) => {
    const data = feed.data.slice();
    transfer.push(data.buffer as ArrayBuffer);
    return [name, { dtype: feed.dtype, dims: feed.dims, data }];
  });
  return [{ ...run, feeds: Object.fromEntries(feeds), ownsFeeds: true } as RequestOf<K>, transfer];
}
