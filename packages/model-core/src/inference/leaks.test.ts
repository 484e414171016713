import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { nodeBackend } from "@smolvlm/backend-node";
import { tensor, type Backend, type KeyValueCache, type Session } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { SmolVLMForConditionalGeneration, type GenerateInputs } from "../smolvlm-for-conditional-generation.js";
import { tinyFiles } from "../testing/tiny-model.js";

/** Generations before memory is looked at: by then everything that is kept on purpose is there. */
const WARM_UP = 60;
const GENERATIONS = 260;
/** What the allocator may keep; one lost cache of each generation would be 200 times 60 KiB. */
const MAX_GROWTH = 6 * 2 ** 20;

/** The caches of a backend that were not disposed. */
class OpenCaches {
  count = 0;

  backendWith(inner: Backend): Backend {
    return {
      ...inner,
      createSession: async (graph, options) => this.#watch(await inner.createSession(graph, options)),
    };
  }

  #watch(session: Session): Session {
    return new Proxy(session, {
      get: (target, key) => {
        if (key === "createCache") return async (batch: number) => this.#opened(await target.createCache(batch));
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  /** The cache itself, since sessions know their own; only what it makes and when it goes is watched. */
  #opened(cache: KeyValueCache): KeyValueCache {
    this.count++;
    let isOpen = true;
    const dispose = cache[Symbol.asyncDispose].bind(cache);
    const fork = cache.fork.bind(cache);
    return Object.assign(cache, {
      fork: async (rows?: readonly number[]) => this.#opened(await fork(rows)),
      [Symbol.asyncDispose]: () => {
        if (isOpen) this.count--;
        isOpen = false;
        return dispose();
      },
    });
  }
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of array buffers that are alive: keys, values, logits and features are nothing else. */
async function liveBytes(): Promise<number> {
  let least = Infinity;
  // What a collection finds dead is swept in another thread, which takes a while where other tests run.
  for (let look = 0; look < 5; look++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
    least = Math.min(least, process.memoryUsage().arrayBuffers);
  }
  return least;
}

test("memory stays flat over hundreds of generations, finished, aborted and forked", async () => {
  const caches = new OpenCaches();
  await using inner = nodeBackend({ worker: false, threads: 1 });
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles("v2-tied-bf16"), {
    backend: caches.backendWith(inner),
  });
  const ids = (length: number, from: number): Int32Array =>
    Int32Array.from({ length }, (_, at) => 5 + ((at + from) % 50));
  const generate = async (inputs: GenerateInputs): Promise<void> => {
    await using stream = await model.stream({ maxNewTokens: 6, eosTokenIds: [], ...inputs });
    for await (const _step of stream);
  };
  let before = 0;
  let residentBefore = 0;
  for (let index = 0; index < GENERATIONS; index++) {
    if (index === WARM_UP) [before, residentBefore] = [await liveBytes(), process.memoryUsage().rss];
    const inputIds = tensor("int32", [1, 40], ids(40, index));
    const kind = index % 5;
    if (kind === 0) await generate({ inputIds });
    else if (kind === 1) {
      const controller = new AbortController();
      const onToken = ({ index: at }: { index: number }): void => void (at === 2 && controller.abort());
      await expect(generate({ inputIds, signal: controller.signal, onToken })).rejects.toThrow("aborted");
    } else if (kind === 2) {
      await using promptCache = model.createPromptCache();
      await generate({ inputIds, promptCache });
      await using fork = await promptCache.fork();
      await generate({ inputIds: tensor("int32", [1, 44], ids(44, index)), promptCache: fork });
    } else if (kind === 3) {
      // Two rows with a common beginning, which is read once and forked.
      const row = ids(100, index);
      await generate({ inputIds: tensor("int32", [2, 101], Int32Array.of(...row, 1, ...row, 2)) });
    } else {
      // Left in the middle.
      await using stream = await model.stream({ inputIds, maxNewTokens: 6, eosTokenIds: [] });
      for await (const _step of stream) break;
    }
    expect(caches.count).toBe(0);
  }
  expect((await liveBytes()) - before).toBeLessThan(MAX_GROWTH);
  expect(process.memoryUsage().rss - residentBefore).toBeLessThan(8 * MAX_GROWTH);
});
