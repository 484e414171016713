import type { Backend, Session } from "@smolvlm/contracts";

/** A backend that knows how many bytes of weights are loaded into it. */
export interface WeightMeter extends Backend {
  readonly weightBytes: number;
}

/** Counts the weights of the sessions that are made through it, for as long as each lives. */
export function weightMeter(backend: Backend): WeightMeter {
  let weightBytes = 0;
  return {
    name: backend.name,
    target: backend.target,
    get weightBytes() {
      return weightBytes;
    },
    async createSession(graph, options) {
      const session = await backend.createSession(graph, options);
      const bytes = graph.externalData.reduce((sum, { source }) => sum + source.size, graph.model.length);
      weightBytes += bytes;
      return withDisposal(session, () => (weightBytes -= bytes));
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

/** The same session, which says once that it is disposed. */
function withDisposal(session: Session, onDisposed: () => void): Session {
  const dispose = async (): Promise<void> => {
    try {
      await session[Symbol.asyncDispose]();
    } finally {
      onDisposed();
    }
  };
  let disposed: Promise<void> | undefined;
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (feeds, options) => session.run(feeds, options),
    createCache: (batch) => session.createCache(batch),
    [Symbol.asyncDispose]: () => (disposed ??= dispose()),
  };
}
