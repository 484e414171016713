import { InvalidArgumentError } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { parseModelReference } from "./model-reference.js";

const repository = (name: string, revision?: string) => ({ kind: "repository", repository: name, revision });

test("repositories of the Hub", () => {
  const name = "HuggingFaceTB/SmolVLM2-256M-Video-Instruct";
  const commit = "0123456789abcdef0123456789abcdef01234567";
  for (const [text, expected] of [
    [name, repository(name)],
    [` ${name}\n`, repository(name)],
    [`${name}@main`, repository(name, "main")],
    [`${name}@${commit}`, repository(name, commit)],
    [`${name}@refs/pr/3`, repository(name, "refs/pr/3")],
    [`hf://${name}@v1.0`, repository(name, "v1.0")],
    [`hf:${name}`, repository(name)],
    ["gpt2", repository("gpt2")],
    [`https://huggingface.co/${name}`, repository(name)],
    [`https://huggingface.co/${name}/`, repository(name)],
    [`https://hf.co/${name}/tree/v1.0`, repository(name, "v1.0")],
    [`https://huggingface.co/${name}/tree/refs%2Fpr%2F1`, repository(name, "refs/pr/1")],
    [`https://huggingface.co/${name}/tree/refs/pr/1`, repository(name, "refs/pr/1")],
    [`http://localhost:8000/hub/${name}/tree/main`, repository(name, "main")],
  ] as const) {
    expect(parseModelReference(text, "http://localhost:8000/hub/")).toEqual(expected);
  }
});

test("addresses of folders on other servers", () => {
  const url = (text: string) => ({ kind: "url", url: text });
  expect(parseModelReference("https://example.com/models/mine")).toEqual(url("https://example.com/models/mine/"));
  expect(parseModelReference("http://localhost:3000")).toEqual(url("http://localhost:3000/"));
  expect(parseModelReference("https://example.com/a%20b//")).toEqual(url("https://example.com/a%20b/"));
  // Same host as the endpoint, but outside its path.
  expect(parseModelReference("http://localhost/other/x", "http://localhost/hub")).toEqual(
    url("http://localhost/other/x/"),
  );
});

test("local folders", () => {
  for (const path of [
    "./model",
    "../model",
    "/data/model",
    "~/model",
    "C:\\models\\mine",
    "a/b/c",
    "models\\x",
    "file:///m",
    ".",
    "my model",
  ]) {
    expect(parseModelReference(path)).toEqual({ kind: "folder", path });
  }
});

test("what names no model is refused with what is accepted", () => {
  for (const text of [
    "",
    "   ",
    "hf://org",
    "hf://a/b/c@main",
    "hf:../x",
    "https://huggingface.co/",
    "https://huggingface.co/datasets/org/name",
    "https://huggingface.co/org/name/blob/main/config.json",
    "https://huggingface.co/org/name/tree/main/subfolder",
    "https://huggingface.co/org/name/tree/",
    "https://huggingface.co/org/%zz",
    "https://example.com/model?token=secret",
    "http://",
  ]) {
    const parse = () => parseModelReference(text === "hf://org" ? "hf://@main" : text);
    expect(parse, text).toThrow(InvalidArgumentError);
    expect(parse, text).toThrow(/a folder, org\/name, org\/name@revision or an http/);
    expect(parse, text).not.toThrow(/secret/);
  }
});

test("revisions that would leave the cache's refs folder are no revisions", () => {
  for (const revision of ["../x", "a/../b", "a//b", ".hidden", "", "a b", "-x", "a.lock", "x".repeat(300)]) {
    expect(parseModelReference(`org/name@${revision}`).kind).toBe("folder");
    expect(() => parseModelReference(`hf://org/name@${revision}`)).toThrow(InvalidArgumentError);
  }
});
