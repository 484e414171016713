import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import {
  convertModel,
  fileByteStore,
  loadSmolVLM,
  probeConversion,
  type ConversionCheck,
  type ConvertOptions,
  type LoadOptions,
  type ModelDtype,
} from "smolvlm";
import { BUNDLED_MODEL, DTYPE_CHOICES, modelReference, parseDtype } from "../common-options.js";
import { formatBytes, progressBar } from "../progress-bar.js";

interface ConvertFlags {
  readonly dtype?: ModelDtype;
  readonly layout: NonNullable<ConvertOptions["layout"]>;
  readonly check?: boolean;
  readonly force?: boolean;
}

/**
 * Converts a model where it is thrown away again, and compares it with the original.
 *
 * @returns what was found, for people.
 * @throws QuantizationError when it is further off than its format may make it.
 */
async function checkConversion(
  model: string,
  dtype: ModelDtype,
  options: Pick<LoadOptions, "signal" | "onProgress">,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "smolvlm-check-"));
  const found: string[] = [];
  try {
    const check: ConversionCheck = async (converted) => {
      const figures = await probeConversion(converted);
      const off = figures
        ? `off by ${(100 * (figures["rms"] ?? NaN)).toPrecision(2)} %`
        : "has nothing to be compared with";
      found.push(`${converted.name} ${off}`);
      return figures;
    };
    const loaded = await loadSmolVLM(model, {
      ...options,
      dtype,
      check,
      store: fileByteStore(folder),
      visionCache: false,
    });
    await loaded[Symbol.asyncDispose]();
    return found.join(", ") || "nothing was converted";
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `smolvlm convert <model> <folder>`: a folder with converted weights, to host or to ship. */
export function convertCommand(signal: AbortSignal): Command {
  return new Command("convert")
    .description(
      "Write a model with converted weights to a folder that loads without the original, here and in browsers.",
    )
    .argument("<model>", `a folder, org/name[@revision], or ${BUNDLED_MODEL}`)
    .argument("<folder>", "where to write it; it must be new or empty")
    .option(
      "--dtype <format>",
      `format of the weights: ${DTYPE_CHOICES}, or some of vision=…,text=…,head=… (default: auto; transformers.js: fp32 and q8)`,
      parseDtype,
    )
    .addOption(
      new Option("--layout <layout>", "whose layout: this program's, or the one that transformers.js loads")
        .choices(["smolvlm", "transformers.js"])
        .default("smolvlm"),
    )
    .option("--check", "first compare what the converted and the original weights make of a built-in input")
    .option("--force", "replace what is in the folder")
    .action(async (model: string, folder: string, { dtype, layout, check, force }: ConvertFlags) => {
      const bar = progressBar();
      if (check === true) {
        const figures = await checkConversion(modelReference(model), dtype ?? (layout === "smolvlm" ? "auto" : "q8"), {
          signal,
          onProgress: bar.onProgress,
        });
        bar.clear();
        process.stderr.write(`checked: ${figures}\n`);
      }
      const options = { dtype, layout, force, signal, onProgress: bar.onProgress };
      const files = await convertModel(modelReference(model), folder, options).finally(() => bar.clear());
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      const use = layout === "smolvlm" ? `; use it with --model ${folder}` : "";
      process.stdout.write(`${folder}: ${files.length} files, ${formatBytes(bytes)}${use}\n`);
    });
}
