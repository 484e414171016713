import { readdirSync } from "node:fs";
import { copyFile, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { capture } from "./testing/capture.js";
import { fixtures, sharedData } from "./testing/paths.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smolvlm-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** One line, with nothing of a stack. */
const oneLine = /^smolvlm: [^\n]+\n$/;

describe("usage", () => {
  test.each([
    { args: ["--help"], status: 0, out: /describe .*chat .*run .*inspect /s, err: /^$/ },
    { args: ["--version"], status: 0, out: /^\d+\.\d+\.\d+\n$/, err: /^$/ },
    { args: ["describe", "--help"], status: 0, out: /--max-new-tokens.*--seed.*--json/s, err: /^$/ },
    { args: ["describe"], status: 2, out: /^$/, err: /missing required argument/ },
    { args: ["describe", "x.png", "--no-such-option"], status: 2, out: /^$/, err: /unknown option/ },
    { args: ["dance"], status: 2, out: /^$/, err: /unknown command/ },
    {
      args: ["describe", "x.png", "--max-new-tokens", "many"],
      status: 2,
      out: /^$/,
      err: /whole number of at least 1/,
    },
    { args: ["describe", "x.png", "--dtype", "q7"], status: 2, out: /^$/, err: /--dtype.*fp32, fp16, q8, int8, q4/ },
    { args: ["describe", "x.png", "--device", "toaster"], status: 2, out: /^$/, err: /cpu, cuda/ },
  ])("$args → $status", async ({ args, status, out, err }) => {
    const result = await capture(args);
    expect(result.status).toBe(status);
    expect(result.stdout).toMatch(out);
    expect(result.stderr).toMatch(err);
  });
});

describe("describe", () => {
  test("says with which of its options the rest of a video can be had", async () => {
    const video = `${sharedData}corrupt/mediabunny_annex-b_truncated.mp4`;
    const { status, stderr } = await capture(["describe", video]);
    expect(status).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(/ends too early: only \d frames.*, or take that part with --allow-truncated\.$/m);
    expect((await capture(["describe", video, "--allow-truncated", "--max-new-tokens", "2"])).status).toBe(0);
  });

  test("answers about the bundled picture", async () => {
    const { status, stdout } = await capture(["describe", nanoExamples.scene]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^A red heart.*\n$/);
  });

  test("prints one JSON object", async () => {
    const { stdout } = await capture([
      "describe",
      nanoExamples.scene,
      "--prompt",
      "What is the background color?",
      "--json",
    ]);
    const answer = JSON.parse(stdout) as { text: string; tokenIds: number[]; usage: { completionTokens: number } };
    expect(answer.text).toMatch(/white/);
    expect(answer.tokenIds).toHaveLength(answer.usage.completionTokens);
  });

  test("quantised weights answer the same about it, and a repeated draw is equal", async () => {
    const plain = await capture(["describe", nanoExamples.scene]);
    const q8 = await capture(["describe", nanoExamples.scene, "--dtype", "vision=fp32,text=q8"]);
    expect(q8).toEqual(plain);
    const draw = [
      "describe",
      nanoExamples.scene,
      "--do-sample",
      "--temperature",
      "3",
      "--seed",
      "5",
      "--max-new-tokens",
      "12",
    ];
    expect(await capture(draw)).toEqual(await capture(draw));
  });

  test("a mistake in the model, the picture or the options is one line", async () => {
    for (const args of [
      ["describe", join(folder, "no.png")],
      ["describe", nanoExamples.scene, "--model", join(folder, "no-model")],
      ["describe", nanoExamples.scene, "--max-new-tokens", "1000000"],
      ["describe", nanoExamples.scene, "--do-sample", "--temperature", "0"],
      ["describe", nanoExamples.scene, "--device", "cuda"],
    ]) {
      const { status, stdout, stderr } = await capture(args);
      expect([status, stdout], args.join(" ")).toEqual([1, ""]);
      expect(stderr).toMatch(oneLine);
    }
    const { stderr } = await capture(["describe", join(folder, "no.png"), "--debug"]);
    expect(stderr).toMatch(/\n {4}at /);
  });
});

describe("damaged pictures and videos", () => {
  // What Pillow and FFmpeg open, we open; packages/image-processor/README.md says why for each picture.
  const readable = [
    "libvips_invalid_multiframe.gif",
    "mediabunny_missing-keyframe-labels.ts",
    "mediabunny_transparency-faulty.webm",
    "pillow_background_outside_palette.gif",
    "pillow_exif_typeerror.jpg",
    "pillow_icc-after-SOF.jpg",
    "pillow_no_palette.gif",
    "pillow_padded_idat.png",
    "sharp_Crash_test.gif",
  ];

  test.each(readdirSync(`${sharedData}corrupt`))("%s", async (name) => {
    const { status, stdout, stderr } = await capture([
      "describe",
      `${sharedData}corrupt/${name}`,
      "--max-new-tokens",
      "2",
      "--max-frames",
      "3",
    ]);
    if (readable.includes(name)) expect([status, stderr]).toEqual([0, ""]);
    else {
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(oneLine);
      expect(stderr).toContain(name);
    }
  });

  test("a small file that claims 17000×17000 pixels is refused before it is decoded", async () => {
    const file = join(folder, "bomb.png");
    const chunk = (type: string, data: Buffer): Buffer => {
      const body = Buffer.concat([Buffer.from(type), data]);
      const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(data.length);
      crc.writeUInt32BE(crc32(body));
      return Buffer.concat([length, body, crc]);
    };
    const header = Buffer.from("00004268000042680802000000", "hex");
    const signature = Buffer.from("89504e470d0a1a0a", "hex");
    const parts = [
      chunk("IHDR", header),
      chunk("IDAT", deflateSync(Buffer.alloc(900_000))),
      chunk("IEND", Buffer.alloc(0)),
    ];
    await writeFile(file, Buffer.concat([signature, ...parts]));
    const { status, stderr } = await capture(["describe", file]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/17000×17000 pixels/);
  });
});

describe("damaged checkpoints", () => {
  test.each([
    { file: "config.json", bytes: "{", text: /config\.json.*not JSON/ },
    { file: "config.json", bytes: '{"model_type":"bert"}', text: /config\.json.*model_type/ },
    { file: "tokenizer.json", bytes: "[]", text: /tokenizer\.json/ },
    { file: "preprocessor_config.json", bytes: '{"size":7}', text: /preprocessor_config\.json.*size/ },
    { file: "model.safetensors", bytes: "short", text: /model\.safetensors/ },
    { file: "model.safetensors", bytes: "\xff\xff\xff\xff\xff\xff\xff\x7f{}", text: /model\.safetensors.*header/ },
  ])("$file: $bytes", async ({ file, bytes, text }) => {
    const model = await mkdtemp(join(folder, "model-"));
    for (const name of await readdir(nanoModelPath)) await copyFile(join(nanoModelPath, name), join(model, name));
    await writeFile(join(model, file), Buffer.from(bytes, "latin1"));
    const { status, stdout, stderr } = await capture(["describe", nanoExamples.scene, "--model", model]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(text);
  });

  test("weights that are cut off are refused", async () => {
    const model = await mkdtemp(join(folder, "model-"));
    for (const name of await readdir(nanoModelPath)) await copyFile(join(nanoModelPath, name), join(model, name));
    const weights = await open(join(model, "model.safetensors"), "r+");
    await weights.truncate(100_000);
    await weights.close();
    const { status, stderr } = await capture(["describe", nanoExamples.scene, "--model", model]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/model\.safetensors.*(cut off|truncated|damaged)/);
  });
});

test("inspect tells parameters, formats and devices", async () => {
  const { status, stdout } = await capture(["inspect"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/parameters +\d.*fp32.*q8.*q4.*devices +.*cpu/s);
  const { parameters } = JSON.parse((await capture(["inspect", "--json"])).stdout) as { parameters: { total: number } };
  expect(parameters.total).toBeGreaterThan(1e6);
});

test("inspect tells what a budget saves, and what a frame takes here", async () => {
  const wide = `${fixtures}checkpoints/v2-gqa-fp32`;
  const { stdout } = await capture(["inspect", wide, "--max-tiles", "2", "--time"]);
  expect(stdout).toMatch(/4032×3024 +2×2\+1 +5 +20 +\d+ ms +1 +1 +4 +\d+ ms\n/);
  expect(stdout).toMatch(/vision: [\d.]+ ms a frame, measured here/);
  const { pictures } = JSON.parse((await capture(["inspect", wide, "--longest-edge", "28", "--json"])).stdout) as {
    pictures: readonly { readonly frames: number; readonly budgeted: { readonly frames: number } }[];
  };
  expect(pictures.map(({ frames, budgeted }) => [frames, budgeted.frames])).toEqual([
    [5, 1],
    [5, 1],
    [5, 1],
  ]);
  expect((await capture(["inspect", wide])).stdout).toContain("--max-tiles <n>");
});

test("an abort ends with status 130 and without a message", async () => {
  expect(await capture(["describe", nanoExamples.scene], AbortSignal.abort())).toEqual({
    status: 130,
    stdout: "",
    stderr: "",
  });
});
