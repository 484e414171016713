import { readFile } from "node:fs/promises";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  DisposedError,
  InvalidArgumentError,
  MediaError,
  SessionBusyError,
  fileByteStore,
  loadSmolVLM,
  openModel,
  type Backend,
  type ChatMessage,
  type ChatSession,
  type ContentPart,
  type SmolVLM,
  nodeBackend,
} from "smolvlm";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const scene: ContentPart = { type: "image", image: nanoExamples.scene };
const other: ContentPart = { type: "image", image: nanoExamples.otherScene };
const clip: ContentPart = { type: "video", video: nanoExamples.clip };
const ask = (text: string, ...media: ContentPart[]): ContentPart[] => [...media, { type: "text", text }];

/** The backend of these tests, which counts what runs. */
const runs = { vision: 0, language: 0 };
let backend: Backend;
let model: SmolVLM;
beforeAll(async () => {
  backend = countingBackend();
  model = await loadSmolVLM(nanoModelPath, { backend });
});
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

function countingBackend(): Backend {
  const inner = nodeBackend({ threads: 1 });
  return {
    ...inner,
    async createSession(graph, options) {
      const session = await inner.createSession(graph, options);
      const run: typeof session.run = (...call) => {
        runs[graph.name as keyof typeof runs]++;
        return session.run(...call);
      };
      return new Proxy(session, {
        get(target, key) {
          const value: unknown = key === "run" ? run : Reflect.get(target, key, target);
          return typeof value === "function" && key !== "run" ? value.bind(target) : value;
        },
      });
    },
  };
}

/** The answer to the same messages without a session. */
async function fromScratch(session: ChatSession, content: ChatMessage["content"]): Promise<string> {
  const { text } = await model.generate({ messages: [...session.messages, { role: "user", content }] });
  return text;
}

describe("a session", () => {
  test("answers as without one, and reads only what is new", async () => {
    await using session = model.createSession();
    const questions = [
      ask("What is in this image?", scene),
      ask("How many objects are there?"),
      "What is the background color?",
      ask("How many objects are in the second image?", other),
      ask("What moves?", clip),
      ask("How many objects are in the first image?"),
    ];
    for (const [turn, question] of questions.entries()) {
      const expected = await fromScratch(session, question);
      const known = session.cachedTokens;
      let read = 0;
      const { text, usage } = await session.ask(question, {
        onProgress: ({ stage, total }) => (read = stage === "prefill" ? total : read),
      });
      expect(text, JSON.stringify(question)).toBe(expected);
      // The first video changes the template, and with it everything behind its first token.
      if (turn !== 4) expect(read).toBe(usage.promptTokens - known);
    }
    expect(session.messages.map(({ role }) => role)).toEqual(questions.flatMap(() => ["user", "assistant"]));
    expect(session.messages[1]?.content).toBe("A red heart, a yellow star, a blue circle and a green triangle.");
    expect(session.byteLength).toBeGreaterThan(0);
  });

  test("encodes a picture once; without a vision cache too, since it keeps what it has seen", async () => {
    await using plain = await loadSmolVLM(nanoModelPath, { backend, visionCache: false });
    await using session = plain.createSession();
    await session.ask(ask("What is in this image?", scene));
    const before = runs.vision;
    await session.ask("How many objects are there?");
    expect(runs.vision).toBe(before);
    await plain.generate({ messages: session.messages.slice(0, 1) });
    expect(runs.vision).toBeGreaterThan(before);
  });

  test("a new session about a picture that was seen does not encode it again, whatever it comes as", async () => {
    await model.generate({ messages: [{ role: "user", content: ask("What is in this image?", scene) }] });
    const before = runs.vision;
    await using session = model.createSession();
    const { text } = await session.ask(
      ask("What is in this image?", { type: "image", image: await readFile(nanoExamples.scene) }),
    );
    expect(text).toMatch(/red heart/);
    expect(runs.vision).toBe(before);
  });

  test("streams, and tells frames of videos", async () => {
    await using session = model.createSession();
    const stream = session.send(ask("What moves?", clip));
    let text = "";
    for await (const delta of stream.textStream) text += delta;
    const answer = await stream.result;
    expect(answer.text).toBe(text);
    expect(answer.videos).toHaveLength(1);
    expect((await session.ask("Which color does it have?")).videos).toEqual(answer.videos);
  });

  test("starts from messages, a system message among them", async () => {
    const messages: ChatMessage[] = [
      { role: "system", content: "Answer briefly." },
      { role: "user", content: ask("What is in this image?", scene) },
      { role: "assistant", content: "A red heart." },
    ];
    await using session = model.createSession({ messages });
    const question = "How many objects are there?";
    const expected = await fromScratch(session, question);
    expect((await session.ask(question)).text).toBe(expected);
    expect(session.messages.slice(0, 3)).toEqual(messages);
  });

  test("forks go their own ways, and rewinding takes turns back", async () => {
    await using session = model.createSession();
    await session.ask(ask("What is in this image?", scene));
    await using fork = await session.fork();
    const before = runs.language;
    expect((await fork.ask("How many objects are there?")).text).toMatch(/four/);
    expect((await session.ask("What is the background color?")).text).toMatch(/white/);
    expect(session.messages).toHaveLength(4);
    expect(fork.messages).not.toEqual(session.messages);
    expect(runs.language - before).toBeLessThan(20);
    await session.rewind(2);
    expect(session.messages).toEqual(fork.messages.slice(0, 2));
    expect((await session.ask("How many objects are there?")).text).toMatch(/four/);
    expect(session.messages).toEqual(fork.messages);
    await session.rewind(0);
    expect((await session.ask("Who are you?")).text).toBe(
      (await model.generate({ messages: [{ role: "user", content: "Who are you?" }] })).text,
    );
    for (const wrong of [-1, 3, 0.5]) await expect(session.rewind(wrong)).rejects.toThrow(InvalidArgumentError);
  });

  test("a turn that fails or is aborted leaves it as it was", async () => {
    await using session = model.createSession();
    await session.ask(ask("What is in this image?", scene));
    const { messages, cachedTokens } = session;
    const expectUnchanged = (): void =>
      expect([session.messages, session.cachedTokens]).toEqual([messages, cachedTokens]);
    const held: number[] = [];
    for (const stopAt of [0, 2]) {
      const controller = new AbortController();
      const aborted = session.ask("How many objects are there?", {
        signal: controller.signal,
        onToken: ({ index }) => index === stopAt && controller.abort(),
      });
      await expect(aborted).rejects.toSatisfy((error) => error === controller.signal.reason);
      expectUnchanged();
      held.push(session.byteLength);
    }
    // Room that the first one took is there for the others.
    expect(held[1]).toBe(held[0]);
    await expect(session.ask(ask("?", { type: "image", image: "no-such.png" }))).rejects.toThrow(MediaError);
    const before = { ...runs };
    await expect(session.ask(ask("word ".repeat(5000), other))).rejects.toThrow(/context/);
    await expect(session.ask("And?", { maxNewTokens: 100_000 })).rejects.toThrow(/context/);
    await expect(session.ask("And?", { temperature: -1, doSample: true })).rejects.toThrow(InvalidArgumentError);
    expect(runs).toEqual(before);
    expectUnchanged();
    expect((await session.ask("How many objects are there?")).text).toMatch(/four/);
  });

  test("does one thing at a time, and nothing once it is disposed", async () => {
    const session = model.createSession();
    const first = session.ask("Who are you?");
    for (const second of [() => session.ask("And?"), () => session.fork(), () => session.rewind(0)]) {
      await expect(second()).rejects.toThrow(SessionBusyError);
    }
    await first;
    expect(session.messages).toHaveLength(2);
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await expect(session.ask("And?")).rejects.toThrow(DisposedError);
    expect((await model.generate({ messages: session.messages.slice(0, 1) })).text).toMatch(/./);
  });

  test("sessions of one model may answer at the same time", async () => {
    await using one = model.createSession();
    await using two = model.createSession();
    const [first, second] = await Promise.all([
      one.ask(ask("What is in this image?", scene)),
      two.ask(ask("What is in this image?", other)),
    ]);
    expect(first.text).toMatch(/red heart/);
    expect(second.text).toBe(await fromScratch({ messages: [] } as never, ask("What is in this image?", other)));
  });
});

test("a batch of questions about one picture reads it once and answers as each alone", async () => {
  const questions = ["What is in this image?", "How many objects are there?", "What is the background color?"];
  const conversations = questions.map((text): ChatMessage[] => [{ role: "user", content: ask(text, scene) }]);
  conversations.push(
    [{ role: "user", content: "Who are you?" }],
    [{ role: "user", content: ask("What moves?", clip) }],
  );
  await using fresh = await loadSmolVLM(nanoModelPath, { backend, visionCache: false });
  const alone = [];
  const count = { alone: 0, together: 0 };
  let before = runs.vision;
  for (const messages of conversations) alone.push((await fresh.generate({ messages })).text);
  count.alone = runs.vision - before;
  before = runs.vision;
  const { answers } = await fresh.generateBatch({ conversations });
  count.together = runs.vision - before;
  expect(answers.map(({ text }) => text)).toEqual(alone);
  expect(answers.map(({ videos }) => videos.length)).toEqual([0, 0, 0, 0, 1]);
  await fresh.generate({ messages: conversations[0] as ChatMessage[] });
  const perPicture = runs.vision - before - count.together;
  expect(count.alone - count.together).toBe(2 * perPicture);
});

test("features of frames outlive the model in a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "smolvlm-vision-"));
  try {
    const messages: ChatMessage[] = [{ role: "user", content: ask("What is in this image?", scene) }];
    const texts = [];
    for (let time = 0; time < 2; time++) {
      const before = runs.vision;
      const visionCache = { store: fileByteStore(folder) };
      await using fresh = await loadSmolVLM(await openModel(nanoModelPath), { backend, visionCache });
      texts.push((await fresh.generate({ messages })).text);
      const frames = (await readdir(folder)).length;
      expect(runs.vision - before).toBe(time === 0 ? frames : 0);
    }
    expect(texts[1]).toBe(texts[0]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
