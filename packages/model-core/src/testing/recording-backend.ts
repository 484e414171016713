import { BackendError, type Backend, type SessionGraph } from "@smolvlm/contracts";

/** A backend that keeps the graphs it is given and runs nothing. */
export function recordingBackend(): Backend & { readonly graphs: readonly SessionGraph[] } {
  const graphs: SessionGraph[] = [];
  const refuse = (): Promise<never> => Promise.reject(new BackendError("recording", "it runs nothing."));
  return {
    name: "recording",
    target: {
      device: "cpu",
      keyValueCache: "new-rows",
      float16: false,
      quantizedMatMul: { blockwise: true, rowwiseBits: 8 },
    },
    graphs,
    async createSession(graph) {
      graphs.push(graph);
      return {
        inputNames: [],
        outputNames: [],
        run: refuse,
        createCache: refuse,
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
