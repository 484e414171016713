import { expect, test } from "vitest";
import { BackendError } from "../errors.js";
import type { ProgressEvent } from "../model-files.js";
import {
  bytesInMemory,
  float32,
  float32Bytes,
  outputOf,
  plainGraph,
  rejection,
  type SuiteContext,
} from "./suite-context.js";
import { testGraph } from "./test-graphs.js";

// W of the affine graph is behind 16 bytes that are not its own.
const weights = float32Bytes(9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
const bias = float32Bytes(0.5, -0.5, 100);
const x = float32([2, 4], [1, 0, 0, 0, 0, 1, 1, 1]);
const y = [1.5, 1.5, 103, 21.5, 23.5, 127];

/** Loading graphs: external data in memory, in files and in both; what is refused. */
export function sessionCases({ backend, helpers }: SuiteContext): void {
  test("names the inputs and outputs", async () => {
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    expect(session.inputNames).toEqual(["a", "b"]);
    expect(session.outputNames).toEqual(["sum", "product"]);
  });

  test("reads external data from memory, and leaves it usable", async () => {
    const graph = plainGraph("affine", { "weights.bin": weights, "bias.bin": bias });
    const before = Uint8Array.from(graph.model);
    await using first = await backend().createSession(graph);
    await using second = await backend().createSession(graph);
    for (const session of [first, second]) expect([...outputOf(await session.run({ x }), "y").data]).toEqual(y);
    expect(graph.model).toEqual(before);
    expect(weights.length).toBe(64);
  });

  const { saveFile } = helpers;
  if (saveFile) {
    test("maps external data from files in different folders", async () => {
      const externalData = [
        { location: "weights.bin", source: unreadable(await saveFile("weights-of-another-name", weights)) },
        { location: "bias.bin", source: unreadable(await saveFile("bias.bin", bias)) },
      ];
      await using session = await backend().createSession({ name: "affine", model: testGraph("affine"), externalData });
      expect([...outputOf(await session.run({ x }), "y").data]).toEqual(y);
    });

    test("takes external data from a file and from memory in one graph", async () => {
      const externalData = [
        { location: "weights.bin", source: bytesInMemory(weights) },
        { location: "bias.bin", source: unreadable(await saveFile("bias.bin", bias)) },
      ];
      await using session = await backend().createSession({ name: "affine", model: testGraph("affine"), externalData });
      expect([...outputOf(await session.run({ x }), "y").data]).toEqual(y);
    });

    test("refuses a file of weights that is not there", async () => {
      const { path, ...source } = await saveFile("weights.bin", weights);
      const externalData = [
        { location: "weights.bin", source: { ...source, path: `${path}.gone` } },
        { location: "bias.bin", source: bytesInMemory(bias) },
      ];
      const error = await rejection(
        backend().createSession({ name: "affine", model: testGraph("affine"), externalData }),
      );
      expect(BackendError.isInstance(error)).toBe(true);
      expect((error as BackendError).message).toContain("weights.bin.gone");
    });

    test("refuses a file of weights that is too short", async () => {
      const short = await saveFile("weights.bin", weights.subarray(0, 32));
      const externalData = [
        { location: "weights.bin", source: short },
        { location: "bias.bin", source: await saveFile("bias.bin", bias) },
      ];
      const error = await rejection(
        backend().createSession({ name: "affine", model: testGraph("affine"), externalData }),
      );
      expect(BackendError.isInstance(error)).toBe(true);
    });
  }

  test("reports how much is loaded, up to the total", async () => {
    const events: ProgressEvent[] = [];
    const graph = plainGraph("affine", { "weights.bin": weights, "bias.bin": bias });
    await using _session = await backend().createSession(graph, { onProgress: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ stage: "load", name: "affine", loaded: 0, total: 76, unit: "bytes" });
    expect(events.at(-1)).toMatchObject({ loaded: 76, total: 76 });
    expect(events.map((event) => event.loaded)).toEqual(events.map((event) => event.loaded).toSorted((a, b) => a - b));
  });

  test("does not load once the signal is aborted", async () => {
    const signal = AbortSignal.abort(new DOMException("enough", "AbortError"));
    expect(await rejection(backend().createSession(plainGraph("twoOutputs"), { signal }))).toBe(signal.reason);
  });

  test("stops loading when the signal is aborted meanwhile", async () => {
    const abort = new AbortController();
    const graph = plainGraph("affine", { "weights.bin": weights, "bias.bin": bias });
    const loading = backend().createSession(graph, { signal: abort.signal });
    abort.abort();
    expect(await rejection(loading)).toBe(abort.signal.reason);
  });

  test.each([
    ["an operator that does not exist", testGraph("unknownOperator")],
    ["a truncated graph", testGraph("slow").subarray(0, 100)],
    ["no graph at all", new Uint8Array()],
  ])("refuses %s with the reason and the graph's name, and goes on", async (_, model) => {
    const error = await rejection(backend().createSession({ name: "broken", model, externalData: [] }));
    expect(BackendError.isInstance(error)).toBe(true);
    expect((error as BackendError).message).toContain("broken");
    expect((error as BackendError).message).not.toContain("\n");
    await using session = await backend().createSession(plainGraph("twoOutputs"));
    expect(Object.keys(await session.run({ a: float32([1], [1]), b: float32([1], [2]) }))).toHaveLength(2);
  });
}

/** The source with reading forbidden: what can be mapped is not to be read. */
function unreadable<T extends object>(source: T): T {
  return { ...source, read: () => Promise.reject(new BackendError("test", "a file that can be mapped was read")) };
}
