import { BackendError, type Backend, type KeyValueCache, type Session, type SessionGraph } from "@smolvlm/contracts";
import { describe, expect, test } from "vitest";
import { weightMeter } from "./weight-meter.js";

const graphOf = (bytes: number): SessionGraph => ({
  name: "test",
  model: new Uint8Array(10),
  externalData: [{ location: "weights", source: { size: bytes, read: async () => new Uint8Array(0) } }],
});

/** A backend whose sessions do nothing, and what was asked of them. */
function fakeBackend(dispose: () => Promise<void> = async () => undefined): Backend & { readonly calls: string[] } {
  const calls: string[] = [];
  const cache = { batch: 3 } as KeyValueCache;
  return {
    name: "fake",
    target: {
      device: "cpu",
      keyValueCache: "new-rows",
      float16: false,
      quantizedMatMul: { blockwise: true, rowwiseBits: 8 },
    },
    calls,
    async createSession(graph): Promise<Session> {
      if (graph.model.length === 0) throw new BackendError("fake", "no graph");
      return {
        inputNames: ["x"],
        outputNames: ["y"],
        async run(feeds, options) {
          calls.push(`run ${Object.keys(feeds).join()} ${options?.outputs?.join()}`);
          return {};
        },
        async createCache(batch) {
          calls.push(`cache ${batch}`);
          return cache;
        },
        [Symbol.asyncDispose]: dispose,
      };
    },
    [Symbol.asyncDispose]: async () => void calls.push("disposed"),
  };
}

describe("weightMeter", () => {
  test("counts what lives: sessions that are disposed no more, however often they are", async () => {
    const meter = weightMeter(fakeBackend());
    const first = await meter.createSession(graphOf(100));
    const second = await meter.createSession(graphOf(1000));
    expect(meter.weightBytes).toBe(1120);
    await Promise.all([first[Symbol.asyncDispose](), first[Symbol.asyncDispose]()]);
    await first[Symbol.asyncDispose]();
    expect(meter.weightBytes).toBe(1010);
    await second[Symbol.asyncDispose]();
    expect(meter.weightBytes).toBe(0);
  });

  test("counts no session that was not made", async () => {
    const meter = weightMeter(fakeBackend());
    await expect(meter.createSession({ ...graphOf(5), model: new Uint8Array(0) })).rejects.toThrow("no graph");
    expect(meter.weightBytes).toBe(0);
  });

  test("counts nothing of a session whose disposal failed, and says that it did", async () => {
    const meter = weightMeter(fakeBackend(() => Promise.reject(new BackendError("fake", "lost"))));
    const session = await meter.createSession(graphOf(5));
    await expect(session[Symbol.asyncDispose]()).rejects.toThrow("lost");
    expect(meter.weightBytes).toBe(0);
  });

  test("passes everything else on", async () => {
    const backend = fakeBackend();
    const meter = weightMeter(backend);
    const session = await meter.createSession(graphOf(5));
    expect([session.inputNames, session.outputNames, meter.name]).toEqual([["x"], ["y"], "fake"]);
    await session.run({ x: { dtype: "float32", dims: [0], data: new Float32Array(0) } }, { outputs: ["y"] });
    expect((await session.createCache(3)).batch).toBe(3);
    await meter[Symbol.asyncDispose]();
    expect(backend.calls).toEqual(["run x y", "cache 3", "disposed"]);
  });
});
