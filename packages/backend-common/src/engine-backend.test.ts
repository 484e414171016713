import type { SessionGraph } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { engineBackend, type EngineBackendParts } from "./engine-backend.js";
import type { EngineLink } from "./engine-protocol.js";

const graph: SessionGraph = {
  name: "affine",
  model: new Uint8Array(),
  externalData: [{ location: "weights.bin", source: { size: 6, read: async (_, length) => new Uint8Array(length) } }],
};

/** What happens while a session is made whose weights are placed like this: how much is reported, and when the engine is asked. */
async function happenings(place: EngineBackendParts["place"]): Promise<readonly (number | string)[]> {
  const all: (number | string)[] = [];
  const call = (operation: string): Promise<never> => {
    all.push(operation);
    return Promise.resolve({ session: 1, inputs: [], outputs: [] } as never);
  };
  const link: EngineLink = { phase: () => new Int32Array(1), call, close: async () => undefined };
  const target = {
    device: "cpu",
    keyValueCache: "new-rows",
    float16: false,
    quantizedMatMul: { blockwise: true, rowwiseBits: 8 },
  } as const;
  const backend = engineBackend({ name: "engine", target, link, place, adviceFor: () => undefined });
  await backend.createSession(graph, { onProgress: ({ loaded }) => all.push(loaded) });
  return all;
}

const placed = { model: new Uint8Array(), folder: undefined, weights: [] };

test("weights that the engine reads are first reported when it has been asked for the session", async () => {
  expect(await happenings(async () => placed)).toEqual(["create", 0, 6]);
});

test("weights that are read here are reported from nothing on", async () => {
  const place: EngineBackendParts["place"] = async (_where, _graph, onLoaded) => {
    [2, 6].forEach(onLoaded);
    return placed;
  };
  expect(await happenings(place)).toEqual([0, 2, 6, "create", 6]);
});
