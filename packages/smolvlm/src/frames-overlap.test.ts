import { nodeBackend } from "@smolvlm/backend-node";
import type { Backend, RawImage, Session } from "@smolvlm/contracts";
import { nanoModelPath } from "@smolvlm/nano";
import type { VideoDecoder } from "@smolvlm/video-processor";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { loadSmolVLM, type Conversation } from "smolvlm";

const events: string[] = [];
const listeners = new Map<string, () => void>();
/** What the tower waits for before it ends its nth frame. */
let towerWaits: (frame: number) => Promise<void>;
let tower = 0;

function note(event: string): void {
  events.push(event);
  listeners.get(event)?.();
}

/** Resolves when an event has happened. */
async function happened(event: string): Promise<void> {
  if (events.includes(event)) return;
  await new Promise<void>((resolve) => listeners.set(event, resolve));
}

beforeEach(() => {
  events.length = 0;
  listeners.clear();
  tower = 0;
  towerWaits = async () => undefined;
});

/** A backend whose vision tower tells when it starts and ends. */
function watchedBackend(): Backend {
  const backend = nodeBackend({ threads: 1 });
  return {
    name: backend.name,
    target: backend.target,
    async createSession(graph, options) {
      const session = await backend.createSession(graph, options);
      if (graph.name !== "vision") return session;
      const run: Session["run"] = async (feeds, runOptions) => {
        const frame = tower++;
        note(`tower starts ${frame}`);
        await towerWaits(frame);
        const results = await session.run(feeds, runOptions);
        note(`tower ends ${frame}`);
        return results;
      };
      return new Proxy(session, {
        get: (target, key) => {
          const value: unknown = key === "run" ? run : Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

const FRAMES = 5;

function frame(index: number): RawImage {
  return { width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(40 * index + 10) };
}

/** A decoder of frames that tells what is asked of it. */
const decoder: VideoDecoder = {
  open: async () => ({
    media: "clip",
    metadata: { totalNumFrames: FRAMES, fps: 1, duration: FRAMES },
    async *frames(indices, { signal } = {}) {
      try {
        for (const index of indices) {
          signal?.throwIfAborted();
          note(`decoded ${index}`);
          yield frame(index);
        }
      } finally {
        note("decoder ended");
      }
    },
    [Symbol.asyncDispose]: async () => note("closed"),
  }),
};

const backend = watchedBackend();
const loading = loadSmolVLM(nanoModelPath, { backend, decoders: { video: decoder }, visionCache: false });
afterAll(async () => {
  await (await loading)[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

const ask = (...media: object[]): Conversation =>
  [{ role: "user", content: [...media, { type: "text", text: "What happens?" }] }] as unknown as Conversation;

describe("a video", () => {
  test("is decoded one frame ahead of the tower, and no further", async () => {
    const model = await loading;
    // Without overlap this would wait for ever: the tower does not end before the next frame is decoded.
    towerWaits = (index) => (index + 1 < FRAMES ? happened(`decoded ${index + 1}`) : Promise.resolve());
    await model.generate({ messages: ask({ type: "video", video: "clip.mp4" }), maxNewTokens: 1 });
    const at = (event: string): number => events.indexOf(event);
    for (let index = 0; index < FRAMES; index++) {
      if (index > 0) expect(at(`decoded ${index}`)).toBeLessThan(at(`tower ends ${index - 1}`));
      if (index > 1) expect(at(`decoded ${index}`)).toBeGreaterThan(at(`tower ends ${index - 2}`));
    }
    expect(events.filter((event) => event.startsWith("tower ends")).length).toBe(FRAMES);
    expect(events).toContain("closed");
  });

  test("is left at an abort between frames, with its decoder ended and closed", async () => {
    const model = await loading;
    const stop = new AbortController();
    const reason = new DOMException("Enough.", "AbortError");
    const seen: number[] = [];
    const answer = model.generate({
      messages: ask({ type: "video", video: "clip.mp4" }),
      signal: stop.signal,
      onProgress: ({ stage, loaded, total }) => {
        if (stage !== "vision") return;
        expect(total).toBe(FRAMES);
        seen.push(loaded);
        if (loaded === 2) stop.abort(reason);
      },
    });
    await expect(answer).rejects.toBe(reason);
    expect(seen).toEqual([0, 1, 2]);
    expect(events.filter((event) => event.startsWith("tower starts"))).toEqual(["tower starts 0", "tower starts 1"]);
    expect(events).toContain("decoder ended");
    expect(events).toContain("closed");
  });
});

test("tiles of pictures reach the tower while later pictures are not resized yet", async () => {
  const model = await loading;
  const second = { width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(200) };
  const messages = ask({ type: "image", image: frame(1) }, { type: "image", image: second });
  const expected = await model.generate({ messages, maxNewTokens: 4 });
  events.length = 0;
  tower = 0;
  // What the second picture shows when the first tile is in the tower is what the model sees of it.
  const drawn = second.data.slice();
  second.data.fill(0);
  towerWaits = async (index) => void (index === 0 && second.data.set(drawn));
  const { tokenIds } = await model.generate({ messages, maxNewTokens: 4 });
  expect(tokenIds).toEqual(expected.tokenIds);
  expect(events.filter((event) => event.startsWith("tower ends")).length).toBe(10);
});
