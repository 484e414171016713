import { Command } from "commander";
import { availableDevices, inspectModel, type AvailableDevice, type ModelReport } from "smolvlm";
import { BUNDLED_MODEL, modelReference } from "../common-options.js";
import { formatBytes, progressBar } from "../progress-bar.js";
import { writeJson } from "../write-json.js";

/** `smolvlm inspect <model>`: what a checkpoint is and needs, without loading it. */
export function inspectCommand(signal: AbortSignal): Command {
  return new Command("inspect")
    .description("Show a checkpoint's configuration, size, memory per format, and what can run here.")
    .argument("[model]", `a folder, org/name[@revision], or ${BUNDLED_MODEL}`, BUNDLED_MODEL)
    .option("--json", "print one JSON object")
    .action(async (model: string, { json }: { json?: boolean }) => {
      const bar = progressBar();
      const report = await inspectModel(modelReference(model), { signal, onProgress: bar.onProgress });
      bar.clear();
      const devices = availableDevices();
      if (json === true) writeJson({ ...report, devices });
      else process.stdout.write(format(report, devices));
    });
}

function format(
  { id, config, parameters, formats, cacheBytesPerToken, pictures }: ModelReport,
  devices: readonly AvailableDevice[],
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
    `keys and values: ${formatBytes(cacheBytesPerToken)} a token, ${formatBytes(cacheBytesPerToken * text.maxPositionEmbeddings)} for a full context`,
    "",
    "picture    frames  tokens",
    ...pictures.map(
      ({ width, height, frames, tokens }) => `${`${width}×${height}`.padEnd(11)}${String(frames).padEnd(8)}${tokens}`,
    ),
    "",
    `devices     ${devices.map(({ name, bundled }) => (bundled ? name : `${name} (where its libraries are installed)`)).join(", ")}`,
  ];
  return `${lines.join("\n")}\n`;
}
