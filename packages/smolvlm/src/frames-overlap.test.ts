import { nodeBackend } from "@smolvlm/backend-node";
import { MediaError, type Backend, type RawImage, type Session } from "@smolvlm/contracts";
import type { ImageDecoder } from "@smolvlm/image-processor";
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

/** A decoder of pictures that are named by a number, which tells what is asked of it; number 9 is damaged. */
const imageDecoder: ImageDecoder = {
  decode: async (source) => decodePicture(String(source)),
  async open(source) {
    note(`opened ${String(source)}`);
    return { width: 64, height: 48, decode: async () => decodePicture(String(source)) };
  },
};

function decodePicture(name: string): RawImage {
  note(`picture ${name}`);
  if (name === "9") throw new MediaError(name, "is damaged.");
  return frame(Number(name));
}

const backend = watchedBackend();
const decoders = { video: decoder, image: imageDecoder };
const loading = loadSmolVLM(nanoModelPath, { backend, decoders, visionCache: false });
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

describe("pictures", () => {
  const pictures = (...names: number[]): Conversation =>
    ask(...names.map((name) => ({ type: "image", image: String(name) })));
  /** Frames of each: four tiles and the whole. */
  const each = 5;

  test("are decoded one ahead of the tower, and answered as those that were decoded before", async () => {
    const model = await loading;
    const whole = [0, 1, 2].map((index) => ({ type: "image", image: frame(index) }));
    const expected = await model.generate({ messages: ask(...whole), maxNewTokens: 4 });
    events.length = 0;
    tower = 0;
    // Without overlap this would wait for ever: the last frame of a picture does not end before the next picture is decoded.
    towerWaits = async (index) => {
      if (index % each === each - 1 && index < 3 * each - 1) await happened(`picture ${(index + 1) / each}`);
    };
    const { tokenIds } = await model.generate({ messages: pictures(0, 1, 2), maxNewTokens: 4 });
    expect(tokenIds).toEqual(expected.tokenIds);
    const at = (event: string): number => events.indexOf(event);
    for (const name of [0, 1, 2]) {
      expect(at(`opened ${name}`)).toBeLessThan(at("picture 0"));
      // Not while anything but the last frame before it is encoded.
      if (name > 0) expect(at(`picture ${name}`)).toBeGreaterThan(at(`tower ends ${each * name - 2}`));
    }
    expect(events.filter((event) => event.startsWith("picture"))).toEqual(["picture 0", "picture 1", "picture 2"]);
  });

  test("of which one is damaged give no answer, alone, in a batch and in a session, which goes on as it was", async () => {
    const model = await loading;
    const damaged = { maxNewTokens: 2 };
    const texts: string[] = [];
    const stream = model.stream({ messages: pictures(0, 9), ...damaged });
    const reading = (async () => {
      for await (const text of stream.textStream) texts.push(text);
    })();
    await Promise.all([stream.result, reading].map((each) => expect(each).rejects.toThrow(MediaError)));
    expect(texts).toEqual([]);
    const conversations = [pictures(0), pictures(9)];
    await expect(model.generateBatch({ conversations, ...damaged })).rejects.toThrow(MediaError);
    await using session = model.createSession();
    await session.ask("Hello.", damaged);
    const before = [session.messages.length, session.cachedTokens];
    await expect(session.ask(pictures(9)[0]?.content as string, damaged)).rejects.toThrow(MediaError);
    expect([session.messages.length, session.cachedTokens]).toEqual(before);
  });

  test("that are aborted in between are not decoded further", async () => {
    const model = await loading;
    const stop = new AbortController();
    const reason = new DOMException("Enough.", "AbortError");
    const answer = model.generate({
      messages: pictures(0, 1, 2),
      signal: stop.signal,
      onProgress: ({ stage, loaded }) => void (stage === "vision" && loaded === 2 && stop.abort(reason)),
    });
    await expect(answer).rejects.toBe(reason);
    expect(events.filter((event) => event.startsWith("picture"))).toEqual(["picture 0"]);
  });
});
