import { Command, Option } from "commander";
import { convertModel, probeConversion, type ConversionCheck, type ConvertOptions, type ModelDtype } from "smolvlm";
import { BUNDLED_MODEL, DTYPE_CHOICES, modelReference, parseDtype } from "../common-options.js";
import { formatBytes, progressBar } from "../progress-bar.js";

interface ConvertFlags {
  readonly dtype?: ModelDtype;
  readonly layout: NonNullable<ConvertOptions["layout"]>;
  readonly check?: true;
  readonly force?: boolean;
}

/** A check that notes, by the parts' names, what it found, for people. */
function notingIn(found: Map<string, string>): ConversionCheck {
  return async (converted) => {
    const figures = await probeConversion(converted);
    const percent = figures && (100 * (figures["rms"] ?? NaN)).toPrecision(2);
    found.set(converted.name, percent ? `off by ${percent} %` : "has nothing to be compared with");
    return figures;
  };
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
    .option(
      "--check",
      "compare what the converted and the original weights make of a built-in input before the folder is there",
    )
    .option("--force", "replace what is in the folder")
    .action(async (model: string, folder: string, { dtype, layout, check, force }: ConvertFlags) => {
      const bar = progressBar();
      const found = new Map<string, string>();
      const options = { dtype, layout, force, check: check && notingIn(found), signal, onProgress: bar.onProgress };
      const files = await convertModel(modelReference(model), folder, options).finally(() => bar.clear());
      const figures = ["vision", "language"].map((part) => `${part} ${found.get(part)}`);
      if (check) process.stderr.write(`checked: ${figures.join(", ")}\n`);
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      const use = layout === "smolvlm" ? `; use it with --model ${folder}` : "";
      process.stdout.write(`${folder}: ${files.length} files, ${formatBytes(bytes)}${use}\n`);
    });
}
