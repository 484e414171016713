import { nanoModelPath } from "@smolvlm/nano";
import { InvalidArgumentError, Option, type Command } from "commander";
import {
  loadSmolVLM,
  nodeVideoDecoder,
  type DtypeChoice,
  type GenerateOptions,
  type KvCacheDtype,
  type ModelDtype,
  type SmolVLM,
  type VideoSampling,
} from "smolvlm";
import type { ProgressBar } from "./progress-bar.js";

/** What `--model nano`, the default, stands for: the checkpoint that ships with this program. */
export const BUNDLED_MODEL = "nano";

const DEVICES = ["cpu", "cuda", "webgpu", "coreml", "dml"] as const;
const FORMATS = ["fp32", "fp16", "q8", "int8", "q4", "auto"] as const satisfies readonly DtypeChoice[];

const PARTS = ["vision", "text", "head"] as const;
/** Formats of `--dtype`, for help texts. */
export const DTYPE_CHOICES = FORMATS.join(", ");
/** Of `--dtype`. */
export const DTYPE_HELP = `format of the weights: ${DTYPE_CHOICES}, or some of vision=…,text=…,head=… (default: fp32, or what the folder was converted to)`;

/** Options of running a model. */
export interface RuntimeFlags {
  readonly dtype?: ModelDtype;
  readonly device: (typeof DEVICES)[number];
  readonly threads?: number;
}

/** Options that every command with a model has. */
export interface ModelFlags extends RuntimeFlags {
  readonly model: string;
  readonly kvCacheDtype?: KvCacheDtype;
}

/** Options that every command that generates has. */
export interface GenerationFlags {
  readonly maxNewTokens: number;
  readonly doSample?: boolean;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly promptLookup: boolean;
}

/** Options that every command with videos has. */
export interface VideoFlags {
  readonly fps?: number;
  readonly maxFrames?: number;
  readonly autoRotate?: boolean;
  readonly allowTruncated?: boolean;
}

/** Options that every command with pictures has. */
export interface ImageFlags {
  readonly maxTiles?: number;
  readonly longestEdge?: number;
}

/** Adds the options of {@link ModelFlags}. */
export function addModelOptions(command: Command): Command {
  return addRuntimeOptions(addModelOption(command)).addOption(
    new Option(
      "--kv-cache-dtype <format>",
      "format of past keys and values; int8 takes a quarter of the memory of a long context and changes answers a little (default: fp32)",
    ).choices(["fp32", "int8"] satisfies KvCacheDtype[]),
  );
}

/** Adds `--model`. */
export function addModelOption(command: Command): Command {
  return command.option(
    "-m, --model <model>",
    `a folder, org/name[@revision], or ${BUNDLED_MODEL} (bundled, knows drawn scenes only)`,
    BUNDLED_MODEL,
  );
}

/** Adds the options of {@link RuntimeFlags}. */
export function addRuntimeOptions(command: Command): Command {
  return addDeviceOptions(command.option("--dtype <format>", DTYPE_HELP, parseDtype));
}

/** Adds those of them that say where to run. */
export function addDeviceOptions(command: Command): Command {
  return command
    .addOption(new Option("--device <device>", "where to run").choices(DEVICES).default("cpu"))
    .option("--threads <n>", "threads to use (default: the machine's cores)", whole(1));
}

/** Options of the commands that answer about pictures and videos. */
export type AnswerFlags = ModelFlags & GenerationFlags & VideoFlags & ImageFlags;

/** Adds the options of {@link AnswerFlags}. */
export function addAnswerOptions(command: Command): Command {
  return addGenerationOptions(addVideoOptions(addImageOptions(addModelOptions(command))));
}

/** How pictures and videos are to be looked at, from the flags that were given. */
export function mediaOptions(flags: ImageFlags & VideoFlags): {
  imageOptions: ReturnType<typeof imageOptions>;
  videoSampling: VideoSampling;
} {
  return { imageOptions: imageOptions(flags), videoSampling: { fps: flags.fps, numFrames: flags.maxFrames } };
}

/** Adds the options of {@link VideoFlags}. */
function addVideoOptions(command: Command): Command {
  return command
    .option("--fps <n>", "frames to look at for each second of a video (default: the model's, usually 1)", real)
    .option("--max-frames <n>", "most frames to look at of a video (default: the model's, usually 64)", whole(1))
    .option("--no-auto-rotate", "show videos as they are stored, not turned upright: what transformers does with PyAV")
    .option("--allow-truncated", "of a video that ends too early, take the part that can be read");
}

/** Adds the options of {@link ImageFlags}. */
export function addImageOptions(command: Command): Command {
  return command
    .option(
      "--max-tiles <n>",
      "most tiles of a picture: fewer are faster and show less detail (default: all)",
      whole(1),
    )
    .option("--longest-edge <pixels>", "size that a picture is worked at, if the model's own is greater", whole(1));
}

/** The options of pictures, from the flags that were given. */
export function imageOptions({ maxTiles, longestEdge }: ImageFlags): { maxTiles?: number; longestEdge?: number } {
  return { ...(maxTiles !== undefined && { maxTiles }), ...(longestEdge !== undefined && { longestEdge }) };
}

/** Adds the options of {@link GenerationFlags}. */
function addGenerationOptions(command: Command): Command {
  return command
    .option("--max-new-tokens <n>", "longest answer, in tokens", whole(1), 256)
    .option("--do-sample", "draw tokens at random instead of taking the best one")
    .option("--temperature <t>", "above 1 more varied, below 1 more certain", real)
    .option("--top-p <p>", "keep the best tokens that add up to this probability", real)
    .option("--top-k <k>", "keep this many best tokens", whole(0))
    .option("--min-p <p>", "keep tokens of at least this part of the best one's probability", real)
    .option("--repetition-penalty <r>", "above 1 discourages repetition", real)
    .option("--seed <n>", "makes --do-sample repeatable", whole(0))
    .option("--no-prompt-lookup", "do not guess tokens from what the text repeats (the answer is the same)");
}

/** The generation options of a call, from the flags that were given. */
export function generationOptions(flags: GenerationFlags): GenerateOptions {
  const { maxNewTokens, doSample, temperature, topP, topK, minP, repetitionPenalty, seed, promptLookup } = flags;
  return { maxNewTokens, doSample, temperature, topP, topK, minP, repetitionPenalty, seed, promptLookup };
}

/** Opens and loads the model that the flags name, showing progress. */
export async function loadModel(
  flags: ModelFlags & VideoFlags,
  bar: ProgressBar,
  signal: AbortSignal,
): Promise<SmolVLM> {
  const { device, threads, dtype, kvCacheDtype, autoRotate, allowTruncated } = flags;
  const model = await loadSmolVLM(modelReference(flags.model), {
    device,
    threads,
    dtype,
    kvCacheDtype,
    decoders: { video: nodeVideoDecoder({ autoRotate, allowTruncated }) },
    onProgress: bar.onProgress,
    signal,
  });
  bar.clear();
  return model;
}

/** The folder of the bundled model for its name, other references as they are. */
export function modelReference(model: string): string {
  return model === BUNDLED_MODEL ? nanoModelPath : model;
}

/** `q8`, or some of `vision=int8,text=q4,head=q8`. */
export function parseDtype(text: string): ModelDtype {
  if (isFormat(text)) return text;
  const parts = text.split(",").map((part) => part.split("=", 2));
  const isWellFormed = parts.every(([part, format]) => PARTS.some((each) => each === part) && isFormat(format));
  if (isWellFormed) return Object.fromEntries(parts) as ModelDtype;
  throw new InvalidArgumentError(`Expected ${FORMATS.join(", ")}, or some of vision=…,text=…,head=….`);
}

function isFormat(value: string | undefined): value is DtypeChoice {
  return FORMATS.some((format) => format === value);
}

/** Parses a whole number of at least `least`. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least || text.trim() === "") {
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
    }
    return value;
  };
}

/** Parses whole numbers of at least 1, separated by commas. */
export function wholeNumbers(text: string): readonly number[] {
  return text.split(",").map(whole(1));
}

function real(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || text.trim() === "") throw new InvalidArgumentError("Expected a number.");
  return value;
}
