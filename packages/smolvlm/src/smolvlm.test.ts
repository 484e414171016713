import { readFile } from "node:fs/promises";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  DisposedError,
  InvalidArgumentError,
  MediaError,
  loadSmolVLM,
  type ChatMessage,
  type ContentPart,
  type SmolVLM,
} from "smolvlm";

let model: SmolVLM;
beforeAll(async () => {
  model = await loadSmolVLM(nanoModelPath);
});
afterAll(() => model[Symbol.asyncDispose]());

const ask = (text: string, ...images: ContentPart[]): ChatMessage[] => [
  { role: "user", content: [...images, { type: "text", text }] },
];
const scene: ContentPart = { type: "image", image: nanoExamples.scene };

describe("generate", () => {
  test("answers about a path, a URL, bytes, a Blob, base64 and pixels alike", async () => {
    const bytes = await readFile(nanoExamples.scene);
    const [pixels] = [await model.processor.decoders.image?.decode(nanoExamples.scene)];
    const sources: ContentPart[] = [
      scene,
      { type: "image", path: nanoExamples.scene },
      { type: "image", url: new URL(`file://${nanoExamples.scene}`).href },
      { type: "image", image: bytes },
      { type: "image", image: new Blob([Uint8Array.from(bytes)]) },
      { type: "image", base64: bytes.toString("base64") },
      { type: "image", image: pixels },
    ];
    const question = "What is in this image?";
    const texts = [];
    for (const source of sources) texts.push((await model.generate({ messages: ask(question, source) })).text);
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toMatch(/red heart/);
  });

  test("tells usage, finish reason and timings", async () => {
    const { tokenIds, usage, finishReason, timings } = await model.generate({ messages: ask("Who are you?") });
    expect(finishReason).toBe("stop");
    expect(usage.completionTokens).toBe(tokenIds.length);
    expect(usage.promptTokens).toBeGreaterThan(5);
    expect(timings.total).toBeGreaterThanOrEqual(timings.prefill + timings.decode);
  });

  test("stops at maxNewTokens and at stop strings", async () => {
    const short = await model.generate({ messages: ask("What is in this image?", scene), maxNewTokens: 3 });
    expect([short.tokenIds.length, short.finishReason]).toEqual([3, "length"]);
    const stopped = await model.generate({ messages: ask("What is in this image?", scene), stopStrings: "heart" });
    expect(stopped.finishReason).toBe("stop-string");
    expect(stopped.text).toMatch(/heart$/);
  });

  test("plain string content works", async () => {
    const { text } = await model.generate({ messages: [{ role: "user", content: "Who are you?" }] });
    expect(text).toBe((await model.generate({ messages: ask("Who are you?") })).text);
  });

  test("a second turn sees the first", async () => {
    const first = ask("What is the background color?", scene);
    const { text } = await model.generate({ messages: first });
    const messages = [...first, { role: "assistant", content: text }, ...ask("How many objects are there?")];
    expect((await model.generate({ messages })).text).toMatch(/four/i);
  });

  test("refuses what cannot be answered, before anything runs", async () => {
    await expect(model.generate({ messages: ask("?", { type: "image", image: "no-such.png" }) })).rejects.toSatisfy(
      (error) => MediaError.isInstance(error),
    );
    await expect(model.generate({ messages: ask("?"), maxNewTokens: 100_000 })).rejects.toSatisfy((error) =>
      InvalidArgumentError.isInstance(error),
    );
    await expect(model.generate({ messages: ask("word ".repeat(5_000)) })).rejects.toThrow(/context/);
    await expect(model.generateBatch({ conversations: [] })).rejects.toThrow(/at least one/);
  });
});

describe("generateBatch", () => {
  test("each row is what it is alone", async () => {
    const other: ContentPart = { type: "image", image: nanoExamples.otherScene };
    const conversations = [
      ask("What is in this image?", scene),
      ask("Who are you?"),
      ask("How many objects are in the first image?", scene, other),
      ask("What is the background color?", other),
    ];
    const { answers, promptLogits } = await model.generateBatch({ conversations });
    for (const [row, messages] of conversations.entries()) {
      const { text, tokenIds, usage } = await model.generate({ messages });
      expect(answers[row]).toMatchObject({ text, tokenIds, usage });
    }
    expect(promptLogits.dims).toEqual([4, model.model.config.textConfig.vocabSize]);
  });

  test("a seeded row draws as it does alone", async () => {
    const options = { doSample: true, temperature: 5, seed: 11, maxNewTokens: 16 } as const;
    const conversations = [ask("Who are you?"), ask("What is in this image?", scene)];
    const { answers } = await model.generateBatch({ conversations, ...options });
    for (const [row, messages] of conversations.entries()) {
      expect((await model.generate({ messages, ...options })).tokenIds).toEqual(answers[row]?.tokenIds);
    }
  });
});

describe("stream", () => {
  test("the pieces make up the text", async () => {
    const stream = model.stream({ messages: ask("What is in this image?", scene) });
    const pieces: string[] = [];
    for await (const delta of stream.textStream) pieces.push(delta);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.join("")).toBe((await stream.result).text);
  });

  test("the result alone may be used, and leaving the text early does not end it", async () => {
    const { text } = await model.stream({ messages: ask("What is in this image?", scene) }).result;
    const left = model.stream({ messages: ask("What is in this image?", scene) });
    for await (const _delta of left.textStream) break;
    expect((await left.result).text).toBe(text);
  });

  test("an abort ends text and result with the signal's reason, within a token", async () => {
    const controller = new AbortController();
    const reason = new DOMException("Enough.", "AbortError");
    const seen: number[] = [];
    const stream = model.stream({
      messages: ask("What is in this image?", scene),
      signal: controller.signal,
      onToken: ({ index }) => {
        seen.push(index);
        if (index === 2) controller.abort(reason);
      },
    });
    await expect(stream.result).rejects.toBe(reason);
    await expect(stream.textStream.getReader().read()).rejects.toBe(reason);
    expect(seen).toEqual([0, 1, 2]);
  });

  test("an error reaches the reader of the text", async () => {
    const stream = model.stream({ messages: ask("?", { type: "image", image: "no-such.png" }) });
    await expect(stream.textStream.getReader().read()).rejects.toThrow(/no-such\.png/);
    await expect(stream.result).rejects.toThrow(/no-such\.png/);
  });
});

test("progress runs to its end for frames and prompt", async () => {
  const last = new Map<string, readonly [number, number]>();
  await model.generate({
    messages: ask("What is in this image?", scene),
    onProgress: ({ stage, loaded, total }) => last.set(stage, [loaded, total]),
  });
  for (const stage of ["vision", "prefill"]) {
    const [loaded, total] = last.get(stage) ?? [0, 1];
    expect([stage, loaded]).toEqual([stage, total]);
  }
});

test("a disposed model says so", async () => {
  const short = await loadSmolVLM(nanoModelPath, { threads: 1 });
  await short[Symbol.asyncDispose]();
  await short[Symbol.asyncDispose]();
  await expect(short.generate({ messages: ask("Who are you?") })).rejects.toSatisfy((error) =>
    DisposedError.isInstance(error),
  );
});

test("loading can be aborted", async () => {
  await expect(
    loadSmolVLM(nanoModelPath, { signal: AbortSignal.abort(new DOMException("No.", "AbortError")) }),
  ).rejects.toThrow("No.");
});
