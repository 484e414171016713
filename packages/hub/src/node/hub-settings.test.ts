import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hubSettings } from "./hub-settings.js";
import { smolvlmCacheDir } from "./smolvlm-cache-dir.js";
import { temporaryFolder } from "./testing/temporary-folder.js";

test("without anything set, the defaults of Python", async () => {
  // HF_HOME is set only so that this test does not read the token of whoever runs it.
  const settings = await hubSettings({}, { HF_HOME: "/no/such/home" });
  expect(settings).toEqual({
    cacheDir: join("/no/such/home", "hub"),
    token: undefined,
    endpoint: "https://huggingface.co",
    offline: false,
  });
  const { cacheDir } = await hubSettings({ token: false }, {});
  expect(cacheDir).toBe(join(homedir(), ".cache", "huggingface", "hub"));
});

test("variables in Python's order, and options before them", async () => {
  const cacheDir = async (environment: Record<string, string>, options = {}) =>
    (await hubSettings({ token: false, ...options }, environment)).cacheDir;
  expect(await cacheDir({ XDG_CACHE_HOME: "/x" })).toBe("/x/huggingface/hub");
  expect(await cacheDir({ XDG_CACHE_HOME: "/x", HF_HOME: "/h" })).toBe("/h/hub");
  expect(await cacheDir({ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" })).toBe("/old");
  expect(await cacheDir({ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/c" })).toBe("/c");
  expect(await cacheDir({ HF_HUB_CACHE: "/c" }, { cacheDir: "~/mine" })).toBe(join(homedir(), "mine"));
  expect(await cacheDir({ HF_HUB_CACHE: "", HF_HOME: "/h" })).toBe("/h/hub");
  for (const [value, offline] of [
    ["1", true],
    ["true", true],
    ["ON", true],
    ["yes", true],
    ["0", false],
    ["", false],
  ] as const) {
    expect((await hubSettings({ token: false }, { HF_HUB_OFFLINE: value })).offline).toBe(offline);
  }
  expect((await hubSettings({ token: false }, { TRANSFORMERS_OFFLINE: "1" })).offline).toBe(true);
  expect((await hubSettings({ token: false, offline: false }, { HF_HUB_OFFLINE: "1" })).offline).toBe(false);
  expect((await hubSettings({ token: false }, { HF_ENDPOINT: "https://mirror.example/hf/" })).endpoint).toBe(
    "https://mirror.example/hf",
  );
  await expect(hubSettings({ token: false }, { HF_ENDPOINT: "mirror" })).rejects.toThrow(
    /HF_ENDPOINT.*expected an http/,
  );
});

test("the token comes from the option, the variable or the file, and is never quoted in an error", async () => {
  const home = await temporaryFolder();
  const token = async (environment: Record<string, string>, option?: string | false) =>
    (await hubSettings({ token: option }, { HF_HOME: home, ...environment })).token;
  expect(await token({})).toBeUndefined();
  await writeFile(join(home, "token"), "hf_file\n");
  expect(await token({})).toBe("hf_file");
  expect(await token({ HUGGING_FACE_HUB_TOKEN: "hf_old" })).toBe("hf_old");
  expect(await token({ HUGGING_FACE_HUB_TOKEN: "hf_old", HF_TOKEN: " hf_variable\n" })).toBe("hf_variable");
  expect(await token({ HF_TOKEN: "hf_variable" }, "hf_option")).toBe("hf_option");
  expect(await token({ HF_TOKEN: "hf_variable" }, false)).toBeUndefined();
  await writeFile(join(home, "other"), "hf_other");
  expect(await token({ HF_TOKEN_PATH: join(home, "other") })).toBe("hf_other");
  await expect(token({ HF_TOKEN: "hf_secret\nX-Header: 1" })).rejects.toThrow(/^(?!.*secret).*token \(HF_TOKEN\)/);
  await mkdir(join(home, "folder"));
  await expect(token({ HF_TOKEN_PATH: join(home, "folder") })).rejects.toThrow(/access token is a folder/);
});

test("converted weights go where large files are wanted", () => {
  expect(smolvlmCacheDir({})).toBe(join(homedir(), ".cache", "smolvlm"));
  expect(smolvlmCacheDir({ XDG_CACHE_HOME: "/x" })).toBe("/x/smolvlm");
  expect(smolvlmCacheDir({ XDG_CACHE_HOME: "/x", HF_HOME: "/h" })).toBe("/h/smolvlm");
  expect(smolvlmCacheDir({ HF_HOME: "/h", SMOLVLM_CACHE: "~/s" })).toBe(join(homedir(), "s"));
});
