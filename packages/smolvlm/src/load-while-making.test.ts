import type { LoadProgress } from "@smolvlm/model-core";
import type { ProgressEvent } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { loadWhileMaking } from "./load-while-making.js";

const event: ProgressEvent = { stage: "load", name: "language", loaded: 0, total: 1, unit: "bytes" };

/** Something that is loaded, and tells when it is disposed of. */
function thing(): AsyncDisposable & { isDisposed: boolean } {
  return {
    isDisposed: false,
    async [Symbol.asyncDispose]() {
      this.isDisposed = true;
    },
  };
}

test("makes as soon as loading reports, without waiting for its end, and passes reports on", async () => {
  const loaded = thing();
  const events: ProgressEvent[] = [];
  let made: () => void = () => undefined;
  const isMade = new Promise<void>((resolve) => (made = resolve));
  const load = async ({ onProgress }: LoadProgress): Promise<typeof loaded> => {
    onProgress?.(event);
    // Would wait for ever if nothing was made before it ended.
    await isMade;
    onProgress?.({ ...event, loaded: 1 });
    return loaded;
  };
  const make = (): string => {
    made();
    return "made";
  };
  const both = await loadWhileMaking(load, make, { onProgress: (each) => events.push(each) });
  expect(both).toEqual([loaded, "made"]);
  expect(events.map((each) => each.loaded)).toEqual([0, 1]);
  expect(loaded.isDisposed).toBe(false);
});

test("does not keep this thread busy before a download or a conversion has begun elsewhere", async () => {
  const reported: string[] = [];
  const load = async ({ onProgress }: LoadProgress): Promise<AsyncDisposable> => {
    for (const stage of ["download", "convert", "load"] as const) {
      onProgress?.({ ...event, stage });
      await new Promise((resolve) => setTimeout(resolve));
    }
    return thing();
  };
  const onProgress = ({ stage }: ProgressEvent): void => void reported.push(stage);
  await loadWhileMaking(load, () => reported.push("made"), { onProgress });
  expect(reported).toEqual(["download", "convert", "load", "made"]);
});

test("makes after loading that reports nothing", async () => {
  const loaded = thing();
  expect(
    await loadWhileMaking(
      async () => loaded,
      () => 7,
      {},
    ),
  ).toEqual([loaded, 7]);
});

test("what cannot be made ends loading, and what was loaded all the same is let go", async () => {
  const loaded = thing();
  const error = new RangeError("no such token");
  const make = (): never => {
    throw error;
  };
  let reason: unknown;
  const load = async ({ signal, onProgress }: LoadProgress): Promise<typeof loaded> => {
    onProgress?.(event);
    await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
    reason = signal?.reason;
    return loaded;
  };
  await expect(loadWhileMaking(load, make, {})).rejects.toBe(error);
  expect(reason).toBe(error);
  expect(loaded.isDisposed).toBe(true);
});

test("what cannot be loaded is the error, and the signal's reason where it is aborted", async () => {
  const error = new RangeError("no room");
  await expect(
    loadWhileMaking(
      () => Promise.reject(error),
      () => 7,
      {},
    ),
  ).rejects.toBe(error);
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const load = async ({ signal }: LoadProgress): Promise<AsyncDisposable> => {
    controller.abort(reason);
    signal?.throwIfAborted();
    return thing();
  };
  await expect(loadWhileMaking(load, () => 7, { signal: controller.signal })).rejects.toBe(reason);
});
