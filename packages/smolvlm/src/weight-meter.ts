import type { Backend } from "@smolvlm/contracts";

/** A backend that knows how many bytes of weights were loaded into it. */
export interface WeightMeter extends Backend {
  readonly weightBytes: number;
}

/** Counts the weights of the sessions that are made through it. They live as long as the model, which is one for each meter. */
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
      weightBytes += graph.externalData.reduce((sum, { source }) => sum + source.size, graph.model.length);
      return session;
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
