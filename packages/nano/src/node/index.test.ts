import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { expect, test } from "vitest";
import { nanoExamples as exampleUrls, nanoModelUrls } from "../web/index.js";

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

test("a page is given the same files: all of the checkpoint but the tokenizer's old form", () => {
  const paths = Object.entries(nanoModelUrls).map(([name, url]) => ({ name, path: fileURLToPath(url) }));
  expect(paths.map(({ path }) => path)).toEqual(paths.map(({ name }) => `${nanoModelPath}/${name}`));
  const old = ["merges.txt", "vocab.json"];
  expect(readdirSync(nanoModelPath).filter((name) => !old.includes(name))).toEqual(Object.keys(nanoModelUrls).sort());
});

test("a page is given the same examples", () => {
  const paths = Object.entries(exampleUrls).map(([name, url]) => [name, fileURLToPath(url)]);
  expect(Object.fromEntries(paths)).toEqual(nanoExamples);
});
