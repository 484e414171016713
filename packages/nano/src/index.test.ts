import { existsSync, readdirSync, statSync } from "node:fs";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { expect, test } from "vitest";

/** What the package may weigh, so that a demo stays a small download. */
const MAX_BYTES = 8 * 2 ** 20;

test("the checkpoint has the files of a Hub repository and stays small", () => {
  const files = readdirSync(nanoModelPath);
  expect(files).toEqual(
    expect.arrayContaining(["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"]),
  );
  const bytes = files.reduce((sum, file) => sum + statSync(`${nanoModelPath}/${file}`).size, 0);
  expect(bytes).toBeLessThan(MAX_BYTES);
});

test.each(Object.entries(nanoExamples))("the example %s is there", (_, path) => {
  expect(existsSync(path)).toBe(true);
});
