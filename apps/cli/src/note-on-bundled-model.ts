import { BUNDLED_MODEL } from "./common-options.js";

/** Says on stderr that the default model is a toy, so that nobody judges SmolVLM by it. */
export function noteOnBundledModel(model: string): void {
  if (model !== BUNDLED_MODEL || !process.stderr.isTTY) return;
  process.stderr.write(
    "Using the bundled model, which knows drawn scenes only; for photos: --model HuggingFaceTB/SmolVLM2-256M-Video-Instruct\n",
  );
}
