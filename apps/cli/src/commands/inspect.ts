import { Command } from "commander";
import { availableDevices, inspectModel, type AvailableDevice, type FrameCost, type ModelReport } from "smolvlm";
import {
  addImageOptions,
  addRuntimeOptions,
  BUNDLED_MODEL,
  imageOptions,
  loadModel,
  modelReference,
  type ImageFlags,
  type RuntimeFlags,
} from "../common-options.js";
import { millisecondsPerFrame } from "../measure-frame.js";
import { formatBytes, progressBar } from "../progress-bar.js";
import { writeJson } from "../write-json.js";

interface InspectFlags extends RuntimeFlags, ImageFlags {
  readonly time?: boolean;
  readonly json?: boolean;
}

/** `smolvlm inspect <model>`: what a checkpoint is and needs, without loading it. */
export function inspectCommand(signal: AbortSignal): Command {
  const command = new Command("inspect")
    .description(
      "Show a checkpoint's configuration, size, memory per format, what pictures cost, and what can run here.",
    )
    .argument("[model]", `a folder, org/name[@revision], or ${BUNDLED_MODEL}`, BUNDLED_MODEL)
    .option("--time", "load it, and measure how long a picture takes its vision tower here");
  return addImageOptions(addRuntimeOptions(command))
    .option("--json", "print one JSON object")
    .action(async (model: string, flags: InspectFlags) => {
      const bar = progressBar();
      const options = { signal, onProgress: bar.onProgress, imageOptions: imageOptions(flags) };
      const report = await inspectModel(modelReference(model), options);
      let frameMs: number | undefined;
      if (flags.time === true) {
        await using loaded = await loadModel({ ...flags, model }, bar, signal);
        frameMs = await millisecondsPerFrame(loaded, signal);
      }
      bar.clear();
      const devices = availableDevices();
      if (flags.json === true) writeJson({ ...report, devices, ...(frameMs !== undefined && { frameMs }) });
      else process.stdout.write(format(report, devices, frameMs));
    });
}

function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Grid, frames, tokens and, where a frame was measured, the time of the vision tower. */
function costColumns({ rows, cols, frames, tokens }: FrameCost, frameMs: number | undefined): string {
  const grid = rows === 0 ? "1" : `${rows}×${cols}+1`;
  const time = frameMs === undefined ? "" : duration(frames * frameMs).padEnd(9);
  return `${grid.padEnd(7)}${String(frames).padEnd(8)}${String(tokens).padEnd(8)}${time}`;
}

function pictureTable(pictures: ModelReport["pictures"], frameMs: number | undefined): string[] {
  const columns = `tiles  frames  tokens  ${frameMs === undefined ? "" : "vision   "}`;
  const hasBudget = pictures.some(({ budgeted }) => budgeted !== undefined);
  const head = `picture    ${columns}${hasBudget ? `with the budget: ${columns}` : ""}`;
  const rows = pictures.map(({ width, height, budgeted, ...cost }) => {
    const within = budgeted ? `${" ".repeat(17)}${costColumns(budgeted, frameMs)}` : "";
    return `${`${width}×${height}`.padEnd(11)}${costColumns(cost, frameMs)}${within}`.trimEnd();
  });
  const measured = `vision: ${frameMs?.toFixed(frameMs < 10 ? 1 : 0)} ms a frame, measured here; reading the tokens comes on top`;
  const advice = "fewer frames, and so less time: --max-tiles <n> or --longest-edge <pixels> show what a budget saves";
  return [head.trimEnd(), ...rows, ...(frameMs === undefined ? [] : [measured]), ...(hasBudget ? [] : [advice])];
}

function cacheCost(bytesPerToken: number, text: ModelReport["config"]["textConfig"]): string {
  return `${formatBytes(bytesPerToken)} a token, ${formatBytes(bytesPerToken * text.maxPositionEmbeddings)} for a full context`;
}

function format(
  { id, config, parameters, formats, auto, cacheBytesPerToken, pictures }: ModelReport,
  devices: readonly AvailableDevice[],
  frameMs: number | undefined,
): string {
  const { visionConfig: vision, textConfig: text } = config;
  const millions = (count: number): string => `${(count / 1e6).toFixed(count < 1e7 ? 2 : 1)} M`;
  const lines = [
    `model       ${id} (${config.modelType})`,
    `vision      ${vision.numHiddenLayers} layers × ${vision.hiddenSize}, ${vision.numAttentionHeads} heads, ${vision.imageSize} px in patches of ${vision.patchSize}`,
    `text        ${text.numHiddenLayers} layers × ${text.hiddenSize}, ${text.numAttentionHeads} heads (${text.numKeyValueHeads} for keys), ${text.vocabSize} tokens, context ${text.maxPositionEmbeddings}`,
    `parameters  ${millions(parameters.total)}: vision ${millions(parameters.vision)}, connector ${millions(parameters.connector)}, embedding ${millions(parameters.embedding)}, text ${millions(parameters.text)}, head ${parameters.head === 0 ? "tied" : millions(parameters.head)}`,
    "",
    "format  weights in memory  converted on disk",
    ...formats.map(
      ({ format: name, memory, disk }) =>
        `${name.padEnd(8)}${formatBytes(memory).padEnd(19)}${disk === 0 ? "none (fp32 checkpoints)" : formatBytes(disk)}`,
    ),
    `auto    vision ${auto.vision}, text ${auto.text}, head ${auto.head} on CPUs`,
    `keys and values: ${cacheCost(cacheBytesPerToken.fp32, text)}; with --kv-cache-dtype int8 ${cacheCost(cacheBytesPerToken.int8, text)}`,
    "",
    ...pictureTable(pictures, frameMs),
    "",
    `devices     ${devices.map(({ name, bundled }) => (bundled ? name : `${name} (where its libraries are installed)`)).join(", ")}`,
  ];
  return `${lines.join("\n")}\n`;
}
