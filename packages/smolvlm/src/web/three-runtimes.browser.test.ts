import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { call } from "@smolvlm/tooling/browser-page";
import { gpuArguments } from "@smolvlm/tooling/chromium";
import { loadSmolVLM, type Conversation } from "smolvlm";
import { beforeAll, describe, expect, test } from "vitest";
import { nanoFiles, openNanoPage, wasmPaths } from "./testing/browser.js";
import type { AnswerRequest, GivenAnswer } from "./testing/page.js";

/** The project's bound between runtimes, absolute, on logits of order 10. */
const TOLERANCE = 1e-3;
/** What rounding all weights and rows to 8 bits may move them by. */
const INT8_TOLERANCE = 0.5;
const examplesPath = dirname(nanoExamples.scene);

interface Example {
  readonly conversation: Conversation;
  readonly tokenIds: readonly number[];
}

/** One of each kind: a picture, a printed word, two pictures, a clip, and text alone. */
const chosen = ["scene.png", "sign.png", "scene.png+scene-2.png", "clip.gif", ""];
const all = JSON.parse(readFileSync(join(examplesPath, "examples.json"), "utf8")) as Example[];
const examples = chosen.map((media) => all.find(({ conversation }) => mediaOf(conversation) === media) as Example);

let onNode: readonly GivenAnswer[];
beforeAll(async () => {
  await using model = await loadSmolVLM(nanoModelPath);
  const answers: GivenAnswer[] = [];
  for (const { conversation } of examples) {
    const conversations = [withMediaAt(conversation, `${examplesPath}/`)];
    const { answers: given, promptLogits } = await model.generateBatch({ conversations, maxNewTokens: 64 });
    const [only] = given;
    answers.push({ text: only?.text ?? "", tokenIds: [...(only?.tokenIds ?? [])], lastLogits: [...promptLogits.data] });
  }
  onNode = answers;
});

test("Node gives transformers' tokens", () => {
  expect(onNode.map(({ tokenIds }) => tokenIds)).toEqual(examples.map(({ tokenIds }) => tokenIds));
});

describe.each([
  ["WASM", [], "wasm"],
  ["WebGPU on SwiftShader", gpuArguments, "webgpu"],
] as const)("%s", (_, args, device) => {
  test("gives the same tokens, and last logits within 1e-3", async () => {
    await using opened = await openNanoPage({ args });
    const given = await call<readonly GivenAnswer[]>(opened.page, "answer", {
      files: nanoFiles,
      options: { device, wasmPaths },
      conversations: examples.map(({ conversation }) => withMediaAt(conversation, "/examples/")),
    } satisfies AnswerRequest);
    given.forEach(({ tokenIds, lastLogits, text }, index) => {
      const node = onNode[index] as GivenAnswer;
      expect({ text, tokenIds }).toEqual({ text: node.text, tokenIds: node.tokenIds });
      expect(lastLogits.length).toBe(node.lastLogits.length);
      const apart = lastLogits.map((value, i) => Math.abs(value - (node.lastLogits[i] ?? NaN)));
      expect(Math.max(...apart)).toBeLessThan(TOLERANCE);
    });
  }, 180_000);
});

test("WASM with an int8 cache gives the same tokens", async () => {
  await using opened = await openNanoPage({});
  const given = await call<readonly GivenAnswer[]>(opened.page, "answer", {
    files: nanoFiles,
    options: { device: "wasm", kvCacheDtype: "int8", wasmPaths },
    conversations: examples.map(({ conversation }) => withMediaAt(conversation, "/examples/")),
  } satisfies AnswerRequest);
  expect(given.map(({ tokenIds }) => tokenIds)).toEqual(onNode.map(({ tokenIds }) => tokenIds));
}, 60_000);

// What `auto` means there.
test("WASM with int8 weights gives the same tokens, and last logits near those of float32", async () => {
  await using opened = await openNanoPage({});
  const given = await call<readonly GivenAnswer[]>(opened.page, "answer", {
    files: nanoFiles,
    options: { device: "wasm", wasmPaths, dtype: "auto" },
    conversations: examples.map(({ conversation }) => withMediaAt(conversation, "/examples/")),
  } satisfies AnswerRequest);
  given.forEach(({ tokenIds, lastLogits }, index) => {
    const node = onNode[index] as GivenAnswer;
    expect(tokenIds).toEqual(node.tokenIds);
    const apart = lastLogits.map((value, i) => Math.abs(value - (node.lastLogits[i] ?? NaN)));
    expect(Math.max(...apart)).toBeLessThan(INT8_TOLERANCE);
  });
}, 180_000);

/** Names of a conversation's media. */
function mediaOf(conversation: Conversation): string {
  return conversation
    .flatMap(({ content }) => (typeof content === "string" ? [] : content))
    .flatMap((part) => ("path" in part && part.path ? [part.path] : []))
    .join("+");
}

/** The conversation with its media at this place; a page reads addresses, Node paths. */
function withMediaAt(conversation: Conversation, place: string): Conversation {
  return conversation.map((message) => ({
    ...message,
    content:
      typeof message.content === "string"
        ? message.content
        : message.content.map((part) =>
            "path" in part && part.path ? { type: part.type, [part.type]: `${place}${part.path}` } : part,
          ),
  })) as Conversation;
}
