import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { nanoModelPath } from "@smolvlm/nano";
import { fileByteStore, loadSmolVLM, type ByteStore, type WeightFormat } from "smolvlm";
import { expect, onTestFinished, test } from "vitest";
import type { BenchReport } from "./bench/bench-result.js";
import { formatBench } from "./bench/format-bench.js";
import { bytesPerToken, operationsOfFrame, operationsOfPrompt } from "./bench/model-costs.js";
import { root } from "./testing/paths.js";

const limits = { bandwidth: 30e9, fp32: 150e9, int8: 600e9 };

// The built program: its threads are files of their own.
async function bench(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [`${root}apps/cli/dist/main.js`, "bench", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [status, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { status, stdout, stderr };
}

test("times every stage of every format, in processes of their own, beside the machine's limits", async () => {
  const small = ["--contexts", "16,32", "--frames", "1,2", "--batches", "1,2", "--runs", "1", "--steps", "2"];
  const { status, stdout, stderr } = await bench(...small, "--dtype", "fp32", "q8", "--threads", "1", "--json");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const report = JSON.parse(stdout) as BenchReport;
  expect(report.machine.threads).toBe(1);
  expect(Object.values(report.limits).every((limit) => limit > 1e8)).toBe(true);
  expect(report.results.map(({ dtype }) => dtype)).toEqual(["fp32", "q8"]);
  for (const { times, peak, shares } of report.results) {
    expect(times.prefill.map(({ tokens }) => tokens)).toEqual([16, 32]);
    expect(times.decode.map(({ context }) => context)).toEqual([16, 32]);
    expect(times.vision.map(({ frames }) => frames)).toEqual([1, 2]);
    expect(times.batch.map(({ rows }) => rows)).toEqual([1, 2]);
    expect(times.preprocess.frames).toBe(5);
    expect(peak).toBeGreaterThan(1e7);
    expect(shares.decode.every((share) => (share as number) > 0)).toBe(true);
  }
  const shown = formatBench({ ...report, limits });
  expect(shown).toMatch(/limits {3}30\.0 GB\/s of memory, 150 GFLOP\/s in fp32, 600 GOP\/s in int8/);
  expect(shown).toMatch(/^a token behind 32 +[\d.]+ m?s +[\d.]+ m?s$/m);
  // Four processes one after the other: some seconds, more where much else runs.
}, 120_000);

test("a format or a list that is none is refused before anything is measured", async () => {
  const wrong = await bench("--dtype", "fp32", "q7");
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toMatch(/q8/);
  const long = await bench("--contexts", "5000", "--limits", JSON.stringify(limits));
  expect(long.status).toBe(1);
  expect(long.stderr).toMatch(/^smolvlm: --contexts: .*at most 2032.*\n$/);
  const list = await bench("--contexts", "16,none");
  expect(list.status).toBe(2);
  expect(list.stderr).toMatch(/whole number of at least 1/);
});

test.each(["fp32", "fp16", "q8", "int8", "q4", "auto"] as const)(
  "what a token reads in %s is what the text model's weights take in the store",
  async (dtype) => {
    const sizes = new Map<string, number>();
    const folder = await mkdtemp(join(tmpdir(), "smolvlm-costs-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const kept = fileByteStore(folder);
    const store: ByteStore = {
      get: (key, options) => kept.get(key, options),
      delete: (key) => kept.delete(key),
      put(key, size, pieces, options) {
        sizes.set(key, size);
        return kept.put(key, size, pieces, options);
      },
    };
    await using smolvlm = await loadSmolVLM(nanoModelPath, { dtype, store });
    const { config, formats } = smolvlm.model;
    const [, stored = 0] = [...sizes].find(([key]) => /language.*weights$/.test(key)) ?? [];
    // A row of the embedding is read from the checkpoint.
    const read = bytesPerToken(config, formats, 0) - 4 * config.textConfig.hiddenSize;
    const vectors = 4 * (2 * config.textConfig.numHiddenLayers + 1) * config.textConfig.hiddenSize;
    expect(stored).toBe(formats.text === "fp16" ? (read - vectors) / 2 + vectors : read);
  },
);

test("what a token reads and a frame computes, counted by hand for small shapes", () => {
  const config = {
    textConfig: {
      hiddenSize: 2,
      vocabSize: 5,
      numHiddenLayers: 1,
      numAttentionHeads: 2,
      numKeyValueHeads: 1,
      headDim: 1,
      intermediateSize: 3,
    },
    visionConfig: {
      hiddenSize: 2,
      intermediateSize: 3,
      patchSize: 1,
      imageSize: 2,
      numHiddenLayers: 1,
      numChannels: 3,
    },
  } as Parameters<typeof bytesPerToken>[0];
  // Layer: q 2·2, k and v 2·1 each, o 2·2, three of 2·3; head 2·5. Vectors: four of 2. Cache: two values a position.
  const weights = 4 + 2 + 2 + 4 + 18;
  const others = 4 * (8 + 20);
  const all = (format: WeightFormat): number => bytesPerToken(config, { text: format, head: format }, 10);
  expect(all("fp32")).toBe(4 * (weights + 10) + others);
  // The graph widens it when it is loaded.
  expect(all("fp16")).toBe(all("fp32"));
  // Outputs: 2 + 1 + 1, 2, three times 3 or 2; head 5. Each has a scale.
  expect(all("int8")).toBe(weights + 10 + 4 * (4 + 2 + 6 + 2 + 5) + others);
  // Every row is one block.
  expect(all("q8")).toBe(68 * (4 + 2 + 6 + 2 + 5) + others);
  expect(bytesPerToken(config, { text: "q4", head: "q8" }, 10)).toBe(20 * (4 + 2 + 6 + 2) + 68 * 5 + others);
  expect(operationsOfPrompt(config, 7)).toBe(2 * (7 * weights + 49 * 2 + 10));
  // 4 patches: projections 16 + MLP 12 each, scores and sums 2·16·2; patches 4·2·3; connector 4·2·2.
  expect(operationsOfFrame(config)).toBe(2 * (4 * 28 + 64 + 24 + 16));
});
