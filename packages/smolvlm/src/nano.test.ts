import { nanoModelPath } from "@smolvlm/nano";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSmolVLM, type Conversation, type SmolVLM } from "smolvlm";
import { readCases, type EvaluationCase } from "../../../tooling/nano/read-cases.mjs";

/** What the reference answered about scenes that were never trained on (tooling/nano/evaluate.py). */
const cases = (await readCases()).map((each) => ({ ...each, conversation: each.conversation as Conversation }));
const tasks = [...new Set(cases.map(({ task }) => task))];

/** Conversations that are answered together. */
const BATCH = 8;

let model: SmolVLM;
beforeAll(async () => {
  model = await loadSmolVLM(nanoModelPath);
});
afterAll(() => model[Symbol.asyncDispose]());

// Right or wrong: the answers must be the same ones.
describe("the bundled model answers as in transformers", () => {
  test("there are cases of every task", () => {
    expect(tasks.length).toBeGreaterThanOrEqual(10);
  });

  test.each(tasks)("%s", async (task) => {
    const conversations = cases.filter((entry) => entry.task === task);
    const answers = [];
    for (const { conversation } of conversations)
      answers.push(await model.generate({ messages: conversation, maxNewTokens: 96 }));
    expect(answers.map(({ tokenIds }) => [...tokenIds])).toEqual(
      conversations.map(({ referenceTokenIds }) => referenceTokenIds),
    );
  });
});

// What transformers answered is what fp32 answers here, as seen above.
test.each([
  ["q8", 0.995],
  ["q4", 0.97],
] as const)(
  "in %s at least %d of the answers are those of fp32",
  async (dtype, least) => {
    // More threads than one only wait for each other with so small a model.
    await using quantized = await loadSmolVLM(nanoModelPath, { dtype, threads: 1 });
    const different: string[] = [];
    for (let first = 0; first < cases.length; first += BATCH) {
      const batch = cases.slice(first, first + BATCH);
      const conversations = batch.map(({ conversation }) => conversation);
      const { answers } = await quantized.generateBatch({ conversations, maxNewTokens: 96 });
      answers.forEach(({ tokenIds }, index) => {
        const { id, referenceTokenIds } = batch[index] as EvaluationCase;
        if (tokenIds.join() !== referenceTokenIds.join()) different.push(id);
      });
    }
    expect(1 - different.length / cases.length, `different: ${different.join(", ")}`).toBeGreaterThanOrEqual(least);
  },
  120_000,
);
