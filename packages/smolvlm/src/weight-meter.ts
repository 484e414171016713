import type { Backend } from "@smolvlm/contracts";

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
      let bytes = graph.externalData.reduce((sum, { source }) => sum + source.size, graph.model.length);
      weightBytes += bytes;
      return {
        inputNames: session.inputNames,
        outputNames: session.outputNames,
        run: (feeds, runOptions) => session.run(feeds, runOptions),
        createCache: (batch) => session.createCache(batch),
        [Symbol.asyncDispose]() {
          weightBytes -= bytes;
          // Once, however often it is disposed.
          bytes = 0;
          return session[Symbol.asyncDispose]();
        },
      };
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
