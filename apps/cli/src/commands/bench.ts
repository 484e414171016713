import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import {
  BackendError,
  InvalidArgumentError as ArgumentError,
  nodeBackend,
  nodeImageDecoder,
  type RawImage,
  type WeightFormat,
} from "smolvlm";
import type { BenchReport, BenchResult } from "../bench/bench-result.js";
import { drawnPicture } from "../bench/drawn-picture.js";
import { formatBench } from "../bench/format-bench.js";
import { machineLimits, type MachineLimits } from "../bench/machine-limits.js";
import { measureModel, type MeasurePlan } from "../bench/measure-model.js";
import { bytesPerToken, operationsOfFrame, operationsOfPrompt } from "../bench/model-costs.js";
import { ModelProbe } from "../bench/model-probe.js";
import { peakMemory } from "../bench/peak-memory.js";
import {
  addDeviceOptions,
  addModelOption,
  modelReference,
  parseDtype,
  whole,
  wholeNumbers,
  type ModelFlags,
} from "../common-options.js";
import { progressBar } from "../progress-bar.js";
import { writeJson } from "../write-json.js";

/** Size of the picture that is drawn where none is given: a photo of 4:3. */
const DRAWN_SIZE = [1600, 1200] as const;

interface BenchFlags extends Omit<ModelFlags, "dtype"> {
  readonly dtype?: readonly string[];
  readonly contexts: readonly number[];
  readonly frames: readonly number[];
  readonly batches: readonly number[];
  readonly runs: number;
  readonly steps: number;
  readonly image?: string;
  readonly json?: boolean;
  readonly limits?: MachineLimits;
}

/** `smolvlm bench`: how fast a model is on this machine, stage by stage, and how near to what the machine can do. */
export function benchCommand(signal: AbortSignal): Command {
  const command = new Command("bench").description(
    "Time every stage of a model on this machine, beside the machine's own limits.",
  );
  return addDeviceOptions(addModelOption(command))
    .option(
      "--dtype <format...>",
      "formats to measure, each in a process of its own, such as fp32 q8 (default: q8)",
      oneMoreFormat,
    )
    .option(
      "--contexts <list>",
      "tokens of prompts that are read, and behind which tokens are decoded",
      wholeNumbers,
      [128, 1024, 2048],
    )
    .option("--frames <list>", "numbers of frames that are encoded", wholeNumbers, [1, 4])
    .option("--batches <list>", "numbers of rows that are decoded together", wholeNumbers, [1, 4, 8])
    .option("--image <file>", "a picture whose decoding is measured too (default: one that is drawn)")
    .option("--runs <n>", "measurements of each stage, of which the median is shown", whole(1), 3)
    .option("--steps <n>", "tokens decoded per measurement", whole(1), 16)
    .option("--json", "print one JSON object")
    .addOption(new Option("--limits <json>", "limits that were measured already").argParser(parseLimits).hideHelp())
    .action(async (flags: BenchFlags) => {
      const report = await bench(flags, signal);
      if (flags.json === true) writeJson(report);
      else process.stdout.write(formatBench(report));
    });
}

async function bench(flags: BenchFlags, signal: AbortSignal): Promise<BenchReport> {
  const threads = flags.threads ?? availableParallelism();
  const limits = flags.limits ?? (await measureLimits(threads));
  const { dtype: formats = ["q8"] } = flags;
  const isAlone = formats.length === 1 || flags.limits !== undefined;
  const results: BenchResult[] = [];
  for (const dtype of formats) {
    // The peak memory of one format must not be that of another. A process that was given limits is such a one itself.
    const measure = isAlone ? benchFormat : benchInChild;
    results.push(await measure(dtype, flags, limits, signal));
  }
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  const machine = { processor, cores: cpus().length, threads, device: flags.device };
  return { model: flags.model, machine, limits, results };
}

async function measureLimits(threads: number): Promise<MachineLimits> {
  await using backend = nodeBackend({ threads });
  return await machineLimits(backend, threads);
}

/** Measures one format in a process of its own. */
async function benchInChild(
  dtype: string,
  flags: BenchFlags,
  limits: MachineLimits,
  signal: AbortSignal,
): Promise<BenchResult> {
  const { model, device, threads, contexts, frames, batches, runs, steps, image } = flags;
  const options = { model, device, dtype, contexts, frames, batches, runs, steps, threads, image };
  const args = ["bench", "--json", "--limits", JSON.stringify(limits)];
  for (const [name, value] of Object.entries(options)) if (value !== undefined) args.push(`--${name}`, String(value));
  const child = spawn(process.execPath, [process.argv[1] as string, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    signal,
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [output, code] = await Promise.all([text(child.stdout), ended]);
  signal.throwIfAborted();
  if (code !== 0)
    throw new BackendError("smolvlm bench", `measuring ${dtype} ended with exit code ${code}; see above.`);
  return (JSON.parse(output) as BenchReport).results[0] as BenchResult;
}

async function benchFormat(
  dtype: string,
  flags: BenchFlags,
  limits: MachineLimits,
  signal: AbortSignal,
): Promise<BenchResult> {
  const { device, threads, runs, steps, contexts, frames, batches } = flags;
  const bar = progressBar();
  const options = { device, threads, dtype: parseDtype(dtype), signal, onProgress: bar.onProgress };
  await using probe = await ModelProbe.load(modelReference(flags.model), options);
  bar.clear();
  const { config, formats } = probe.smolvlm.model;
  const room = config.textConfig.maxPositionEmbeddings - steps;
  const fitting = contexts.filter((context) => context <= room);
  if (fitting.length === 0) {
    throw new ArgumentError({ argument: "--contexts", expected: `one of at most ${room}`, found: String(contexts) });
  }
  const plan: MeasurePlan = { runs, steps, contexts: fitting, frames, batches, picture: await picture(flags.image) };
  const onStage = (stage: string): void =>
    void process.stderr.write(process.stderr.isTTY ? `${dtype}: ${stage}\n` : "");
  const times = await measureModel(probe, plan, { onStage, signal });
  const peakOf = (format: WeightFormat): number | undefined => {
    return device === "cpu" ? (isInteger(format) ? limits.int8 : limits.fp32) : undefined;
  };
  const first = times.vision[0];
  return {
    dtype,
    formats,
    load: probe.loading,
    times,
    peak: await peakMemory(),
    shares: {
      vision: first && shareOf(operationsOfFrame(config) * first.frames, first.ms, peakOf(formats.vision)),
      prefill: times.prefill.map(({ tokens, ms }) =>
        shareOf(operationsOfPrompt(config, tokens), ms, peakOf(formats.text)),
      ),
      decode: times.decode.map(({ context, ms }) =>
        shareOf(bytesPerToken(config, formats, context), ms, device === "cpu" ? limits.bandwidth : undefined),
      ),
    },
  };
}

async function picture(path: string | undefined): Promise<{ image: RawImage; bytes?: Uint8Array }> {
  if (path === undefined) return { image: drawnPicture(...DRAWN_SIZE) };
  const bytes = await readFile(path);
  return { image: await nodeImageDecoder().decode(bytes), bytes };
}

/** Adds a format to those given before; the name is checked at once. */
function oneMoreFormat(text: string, before: readonly string[] | undefined): readonly string[] {
  parseDtype(text);
  return [...(before ?? []), text];
}

function parseLimits(json: string): MachineLimits {
  return JSON.parse(json) as MachineLimits;
}

/** Whether the products of a format are of integers. */
function isInteger(format: WeightFormat): boolean {
  return format !== "fp32" && format !== "fp16";
}

/** Part of a limit of `perSecond` that some work had; undefined where that is not known. */
function shareOf(amount: number, ms: number, perSecond: number | undefined): number | undefined {
  return perSecond === undefined ? undefined : (1000 * amount) / ms / perSecond;
}
