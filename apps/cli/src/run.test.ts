import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { capture } from "./testing/capture.js";
import { fixtures } from "./testing/paths.js";
import { readTensors, type ReadTensor } from "./testing/read-tensors.js";

interface Manifest {
  readonly cases: readonly { readonly checkpoint: string; readonly case: string; readonly tags: readonly string[] }[];
}
interface Golden {
  readonly conversations: readonly (readonly { readonly content: unknown }[])[];
  readonly add_generation_prompt: boolean;
  readonly images_kwargs: { readonly size?: { readonly longest_edge: number } };
  readonly videos_kwargs: { readonly num_frames?: number; readonly fps?: number };
  readonly videos:
    readonly { readonly path: string; readonly frames_indices: number[]; readonly timestamps: number[] }[] | null;
  readonly generated_ids: readonly (readonly number[])[];
  readonly generated_text: readonly string[];
}
interface RunOutput {
  readonly results: readonly {
    readonly text: string;
    readonly tokenIds: number[];
    readonly promptTokens: number;
    readonly videos?: readonly { readonly frameIndices: number[] }[];
  }[];
  readonly timings: Readonly<Record<string, number>>;
}

const manifest = JSON.parse(readFileSync(`${fixtures}manifest.json`, "utf8")) as Manifest;
const read = (path: string): Golden => JSON.parse(readFileSync(path, "utf8")) as Golden;
const cases = manifest.cases
  .filter(({ tags }) => !tags.includes("pixels-only"))
  .map((entry) => ({ ...entry, path: `${fixtures}cases/${entry.checkpoint}/${entry.case}` }))
  .map((entry) => ({ ...entry, golden: read(`${entry.path}.json`) }))
  // What the command line has no options for, and frames that are no file, are compared in the packages.
  .filter(({ golden }) => golden.add_generation_prompt)
  .filter(({ golden }) => Object.keys(golden.images_kwargs).every((name) => name === "size"))
  .filter(({ golden }) => (golden.videos ?? []).every(({ path }) => /\.(gif|mp4)$/.test(path)));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smolvlm-run-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("run agrees with transformers", () => {
  test("there are cases of every kind", () => {
    expect(cases.length).toBeGreaterThan(25);
  });

  test.each(cases)("$checkpoint $case", async ({ checkpoint, path, golden }) => {
    const file = join(folder, "conversation.json");
    await writeFile(file, JSON.stringify(absolute(golden.conversations)));
    const inputs = join(folder, "inputs.safetensors");
    const logits = join(folder, "logits.safetensors");
    const args = ["run", file, "--json", "--max-new-tokens", "24", "--save-inputs", inputs, "--save-logits", logits];
    const { num_frames: numFrames, fps } = golden.videos_kwargs;
    if (numFrames !== undefined) args.push("--max-frames", String(numFrames));
    if (fps !== undefined) args.push("--fps", String(fps));
    const { size } = golden.images_kwargs;
    if (size !== undefined) args.push("--longest-edge", String(size.longest_edge));
    if ((golden.videos ?? []).length > 0) args.push("--announce-longest-video");
    const { status, stdout, stderr } = await capture([...args, "--model", `${fixtures}checkpoints/${checkpoint}`]);
    expect([status, stderr]).toEqual([0, ""]);

    const { results, timings } = JSON.parse(stdout) as RunOutput;
    expect(results.map(({ tokenIds }) => tokenIds)).toEqual(golden.generated_ids);
    expect(results.map(({ text }) => text)).toEqual(golden.generated_text);
    expect(timings["total"]).toBeGreaterThan(0);
    const sampled = results.flatMap(({ videos = [] }) => videos);
    expect(sampled.map(({ frameIndices }) => frameIndices)).toEqual(
      (golden.videos ?? []).map((video) => video.frames_indices),
    );
    const expected = await readTensors(`${path}.safetensors`);
    const saved = await readTensors(inputs);
    for (const name of ["input_ids", "attention_mask", "pixel_values", "pixel_attention_mask"]) {
      expect(equal(saved[name], expected[name]), name).toBe(true);
    }
    const { last_logits: scores } = await readTensors(logits);
    expect(scores?.dims).toEqual(expected["last_logits"]?.dims);
    expect(largestDifference(scores, expected["last_logits"])).toBeLessThan(1e-4);
    const mask = expected["attention_mask"] as ReadTensor;
    const length = mask.dims[1] as number;
    expect(results.map(({ promptTokens }) => promptTokens)).toEqual(
      results.map((_, row) => mask.data.slice(row * length, (row + 1) * length).reduce((sum, value) => sum + value, 0)),
    );
  });
});

test("a budget of tiles gives what the reference gives for the size of its grid", async () => {
  const [budget] = cases.filter((entry) => entry.case === "one-image-budget");
  const { checkpoint = "", golden, path = "" } = budget ?? {};
  const file = join(folder, "budget.json");
  await writeFile(file, JSON.stringify(absolute(golden?.conversations ?? [])));
  const inputs = join(folder, "budget.safetensors");
  const args = ["run", file, "--json", "--max-new-tokens", "24", "--max-tiles", "1", "--save-inputs", inputs];
  const { stdout } = await capture([...args, "--model", `${fixtures}checkpoints/${checkpoint}`]);
  const { results } = JSON.parse(stdout) as RunOutput;
  expect(results.map(({ tokenIds }) => tokenIds)).toEqual(golden?.generated_ids);
  const [saved, expected] = [await readTensors(inputs), await readTensors(`${path}.safetensors`)];
  expect(equal(saved["pixel_values"], expected["pixel_values"])).toBe(true);
});

test("run prints one answer a line and leaves no file on failure", async () => {
  const file = join(folder, "text.json");
  await writeFile(file, JSON.stringify([{ messages: [{ role: "user", content: "Who are you?" }] }]));
  const { status, stdout } = await capture(["run", file]);
  expect([status, stdout.split("\n").length]).toEqual([0, 2]);
  const missing = join(folder, "no-such-folder", "inputs.safetensors");
  const failed = await capture(["run", file, "--save-inputs", missing]);
  expect(failed.status).toBe(1);
  expect(failed.stderr).toContain("no-such-folder");
  await expect(readFile(missing)).rejects.toThrow();
});

/** Media paths of the goldens are relative to fixtures/media. */
function absolute(conversations: Golden["conversations"]): unknown {
  return JSON.parse(JSON.stringify(conversations), (key, value: unknown) =>
    key === "path" && typeof value === "string" ? `${fixtures}media/${value}` : value,
  );
}

function equal(a: ReadTensor | undefined, b: ReadTensor | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.dims.join() === b.dims.join() && a.data.every((value, index) => value === b.data[index]);
}

function largestDifference(a: ReadTensor | undefined, b: ReadTensor | undefined): number {
  if (a === undefined || b === undefined) return Infinity;
  return a.data.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (b.data[index] as number))), 0);
}
