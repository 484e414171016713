import { expect } from "vitest";
import type { Backend, SessionGraph } from "../backend.js";
import type { ByteSource } from "../byte-source.js";
import { tensor, type Tensor } from "../tensor.js";
import { testGraph, type TestGraph } from "./test-graphs.js";

/** What a runtime lends the suite. */
export interface BackendHelpers {
  /**
   * Keeps bytes as a local file that a backend may map, and removes it after the tests; a different folder each time, behind
   * a link where there are links. Absent where there are no files, and then so are the cases about them.
   */
  readonly saveFile?: ((name: string, bytes: Uint8Array) => Promise<ByteSource>) | undefined;
  /** Bytes of memory the process holds, native memory included. Absent where that cannot be known, and so are its cases. */
  readonly memoryInUse?: (() => number | Promise<number>) | undefined;
  /** Makes a backend that may compute on the host what its device cannot: no GPU has 64-bit integers. By default it is as any other. */
  readonly createWithHost?: (() => Backend | Promise<Backend>) | undefined;
  /** True for a backend that runs in the caller's thread: nothing else happens meanwhile. */
  readonly blocksEventLoop?: boolean | undefined;
}

/** What each group of cases works with. */
export interface SuiteContext {
  /** A new backend, to be disposed by the case. */
  readonly create: () => Backend | Promise<Backend>;
  /** The backend that most cases share. */
  readonly backend: () => Backend;
  readonly helpers: BackendHelpers;
}

/** A test graph without a cache, with its external data in memory. */
export function plainGraph(name: TestGraph, weights: Readonly<Record<string, Uint8Array>> = {}): SessionGraph {
  const externalData = Object.entries(weights).map(([location, bytes]) => ({ location, source: bytesInMemory(bytes) }));
  return { name, model: testGraph(name), externalData };
}

/** A source over `bytes`, which hands out views of them. */
export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** Float32 values as the bytes of a file. */
export function float32Bytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** A float32 tensor. */
export function float32(dims: readonly number[], values: readonly number[]): Tensor<"float32"> {
  return tensor("float32", dims, Float32Array.from(values));
}

/** The feed of the `slow` graph: the identity matrix, whose powers are itself. */
export function identityMatrix(size: number): Tensor<"float32"> {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * size + i] = 1;
  return tensor("float32", [size, size], values);
}

/** Whether the `slow` graph gave the identity matrix back. Element by element, because `toEqual` takes seconds for this many. */
export function isIdentity({ y }: Readonly<Record<string, Tensor>>, { data }: Tensor<"float32">): boolean {
  return y?.data.length === data.length && data.every((value, index) => value === y.data[index]);
}

/** What `promise` was rejected with; undefined when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Waits `milliseconds`. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The output `name` of a run; fails the case when the run did not give it. */
export function outputOf(outputs: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = outputs[name];
  if (found === undefined) expect.fail(`the run gave ${Object.keys(outputs).join(", ") || "nothing"} and no ${name}`);
  return found;
}
