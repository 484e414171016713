import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { nanoExamples } from "@smolvlm/nano";
import { expect, test } from "vitest";
import { fixtures, root } from "./testing/paths.js";

// The built program, as a shell starts it.
const program = `${root}apps/cli/dist/main.js`;
// A random model that goes on for as long as it is let.
const endless = [
  "describe",
  nanoExamples.scene,
  "--model",
  `${fixtures}checkpoints/v2-tied-bf16`,
  "--max-new-tokens",
  "1500",
];

test("Ctrl-C stops within one token and exits with 130", async () => {
  const child = spawn(process.execPath, [program, ...endless], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit") as Promise<[number]>;
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child.stdout, "data");
  const interrupted = performance.now();
  child.kill("SIGINT");
  const [code] = await exited;
  expect(code).toBe(130);
  expect(stderr).toBe("");
  // 1,500 tokens take many seconds; a token and the clean-up take far less than this even on a busy machine.
  expect(performance.now() - interrupted).toBeLessThan(5_000);
});

test("Ctrl-C leaves no file half-written", async () => {
  const folder = await mkdtemp(join(tmpdir(), "smolvlm-main-"));
  await writeFile(join(folder, "talk.json"), JSON.stringify([{ role: "user", content: "Go on." }]));
  const files = [
    "--save-inputs",
    join(folder, "inputs.safetensors"),
    "--save-logits",
    join(folder, "logits.safetensors"),
  ];
  const args = ["run", join(folder, "talk.json"), "--json", ...files, ...endless.slice(2)];
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit") as Promise<[number]>;
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  // The inputs are written before the first token; then there are many seconds of tokens.
  while (!(await readdir(folder)).includes("inputs.safetensors")) await setTimeout(10);
  child.kill("SIGINT");
  expect(await exited).toEqual([130, null]);
  expect(output).toBe("");
  expect((await readdir(folder)).sort()).toEqual(["inputs.safetensors", "talk.json"]);
  await rm(folder, { recursive: true });
});

test("a reader that goes away is no error", async () => {
  const child = spawn(process.execPath, [program, ...endless], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit") as Promise<[number]>;
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await exited).toEqual([0, null]);
  expect(stderr).toBe("");
});

test("chat keeps the conversation and survives a missing picture", async () => {
  const child = spawn(process.execPath, [program, "chat"], { stdio: ["pipe", "pipe", "pipe"] });
  const exited = once(child, "exit") as Promise<[number]>;
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const lines = [
    "/image no-such-file.png",
    "What is this?",
    `/image ${nanoExamples.scene}`,
    "What is the background color?",
    "How many objects are there?",
  ];
  child.stdin.end(`${lines.join("\n")}\n`);
  expect(await exited).toEqual([0, null]);
  expect(stderr).toContain("no-such-file.png: there is no such file");
  expect(stdout.trim().split("\n")).toHaveLength(2);
  expect(stdout).toMatch(/white[^]*four/i);
});
