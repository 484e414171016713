import { nodeBackend } from "@smolvlm/backend-node";
import { InvalidArgumentError, type ModelFiles } from "@smolvlm/contracts";
import { openModel, writeModelFolder } from "@smolvlm/hub/node";
import {
  convertedFiles,
  SmolVLMForConditionalGeneration,
  transformersJsFiles,
  type ConversionCheck,
  type ModelDtype,
  type ModelFolderFile,
  type TransformersJsDtype,
} from "@smolvlm/model-core";
import type { FilesOptions } from "../runtime.js";
import { nodeRuntime } from "./node-runtime.js";
import { workerConverter } from "./worker-converter.js";

/** Options of {@link convertModel}. */
export interface ConvertOptions extends FilesOptions {
  /** Formats of the weights; by default `auto`, that of CPUs, and for transformers.js `fp32` and `q8`. */
  readonly dtype?: ModelDtype | undefined;
  /** Whose layout: this package's own (default), or the one of transformers.js, with a graph for each part. */
  readonly layout?: "smolvlm" | "transformers.js" | undefined;
  /** Whether a folder that has something in it is replaced; otherwise it is refused. */
  readonly force?: boolean | undefined;
  /**
   * Checks each part of the model as a whole before the folder is there: `probeConversion` compares what it makes of a built-in input with what the
   * original makes of it. Not in the layout of transformers.js, which is not run here.
   */
  readonly check?: ConversionCheck | undefined;
}

/** A file that was written. */
export interface WrittenFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Converts a model into a folder of its own, to host or to ship: `loadSmolVLM(folder)` opens it like any other, without the original. The
 * folder is there when all of it is; after an error or an abort nothing remains.
 *
 * @throws InvalidArgumentError when the folder has something in it, or the layout has no such dtype; QuantizationError when a format loses
 * too much; ModelFileError, HubError, StorageError; the signal's reason when it is aborted.
 */
export async function convertModel(
  model: string | ModelFiles,
  folder: string,
  options: ConvertOptions = {},
): Promise<readonly WrittenFile[]> {
  const { force, check, layout, signal, onProgress } = options;
  if (check && layout === "transformers.js") {
    throw new InvalidArgumentError({ argument: "check", expected: "the layout smolvlm", found: layout });
  }
  const files = typeof model === "string" ? await nodeRuntime.openFiles(model, options) : model;
  await using converter = workerConverter();
  const written = await describeFolder(files, options, converter);
  const checkWritten = async (place: string): Promise<void> => {
    await using backend = nodeBackend();
    await using _checked = await SmolVLMForConditionalGeneration.fromPretrained(await openModel(place), {
      backend,
      check,
      converter,
      original: files,
      signal,
      onProgress,
    });
  };
  await writeModelFolder(folder, written, { force, check: check && checkWritten, signal, onProgress });
  return written.map(({ path, size }) => ({ path, size }));
}

async function describeFolder(
  files: ModelFiles,
  { dtype, layout = "smolvlm", signal, onProgress }: ConvertOptions,
  converter: ReturnType<typeof workerConverter>,
): Promise<readonly ModelFolderFile[]> {
  if (layout === "smolvlm") return convertedFiles(files, { dtype, converter, signal, onProgress });
  if (dtype === undefined) return transformersJsFiles(files, { signal, onProgress });
  if (dtype === "fp32" || dtype === "q8" || dtype === "q4") {
    return transformersJsFiles(files, { dtypes: [dtype satisfies TransformersJsDtype], signal, onProgress });
  }
  throw new InvalidArgumentError({
    argument: "dtype",
    expected: "fp32, q8 or q4 in the layout of transformers.js",
    found: JSON.stringify(dtype),
  });
}
