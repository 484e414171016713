import { expect, test } from "vitest";
import { DisposedError } from "../errors.js";
import { float32, identityMatrix, isIdentity, plainGraph, rejection, type SuiteContext } from "./suite-context.js";

const feeds = { a: float32([1], [1]), b: float32([1], [2]) };

/** What disposing does, and what no longer works after it. */
export function lifetimeCases({ create, backend }: SuiteContext): void {
  test("a backend has a name and a target", () => {
    expect(backend().name).not.toBe("");
    expect(["new-rows", "in-place"]).toContain(backend().target.keyValueCache);
  });

  test("a disposed session refuses to run; disposing twice is allowed", async () => {
    const session = await backend().createSession(plainGraph("twoOutputs"));
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    expect(DisposedError.isInstance(await rejection(session.run(feeds)))).toBe(true);
    expect(DisposedError.isInstance(await rejection(session.createCache(1)))).toBe(true);
  });

  test("disposing a session leaves the others alone", async () => {
    const first = await backend().createSession(plainGraph("twoOutputs"));
    await using second = await backend().createSession(plainGraph("twoOutputs"));
    await first[Symbol.asyncDispose]();
    expect((await second.run(feeds))["sum"]).toEqual(float32([1], [3]));
  });

  test("disposing a session lets runs already asked for finish", async () => {
    const session = await backend().createSession(plainGraph("slow"));
    const feed = identityMatrix(128);
    const runs = [session.run({ x: feed }), session.run({ x: feed })];
    await session[Symbol.asyncDispose]();
    for (const run of runs) expect(isIdentity(await run, feed)).toBe(true);
  });

  test("disposing a backend disposes its sessions, and may be repeated", async () => {
    const own = await create();
    const session = await own.createSession(plainGraph("twoOutputs"));
    const run = session.run(feeds);
    await own[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
    expect((await run)["sum"]).toEqual(float32([1], [3]));
    expect(DisposedError.isInstance(await rejection(session.run(feeds)))).toBe(true);
    expect(DisposedError.isInstance(await rejection(own.createSession(plainGraph("twoOutputs"))))).toBe(true);
    await session[Symbol.asyncDispose]();
  });

  test("disposing a backend that was never used works", async () => {
    await (await create())[Symbol.asyncDispose]();
  });

  test("a session that is being created while its backend is disposed does not survive", async () => {
    const own = await create();
    const creating = rejection(own.createSession(plainGraph("twoOutputs")));
    await own[Symbol.asyncDispose]();
    expect(DisposedError.isInstance(await creating)).toBe(true);
  });
}
