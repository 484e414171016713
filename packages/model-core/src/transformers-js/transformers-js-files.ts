import { readModelConfig, type SmolVLMConfig } from "@smolvlm/config";
import { InvalidArgumentError, type ModelFiles, type Target } from "@smolvlm/contracts";
import { GraphBuilder, type PartLocation } from "../graph/graph-builder.js";
import { headFormat } from "../inference/dtype.js";
import type { LoadProgress } from "../inference/graph-loader.js";
import { openCheckpoint } from "../weights/checkpoint.js";
import { Weights } from "../weights/weights.js";
import { joinedAttention } from "./joined-attention.js";
import { modelFolderFile, type ModelFolderFile } from "./model-folder-file.js";
import { transformersJsDtypes, type TransformersJsDtype } from "./transformers-js-dtype.js";
import { transformersJsGraphs, type DescribeGraph } from "./transformers-js-graphs.js";
import { transformersJsSmallFiles } from "./transformers-js-small-files.js";
import { weightFiles } from "./weight-files.js";

/** Options of {@link transformersJsFiles}. */
export interface TransformersJsOptions extends LoadProgress {
  /** Formats to write; all can lie beside each other in one folder. `fp32` and `q8` by default. */
  readonly dtypes?: readonly TransformersJsDtype[] | undefined;
}

/** The graphs have to run wherever transformers.js does. */
const target: Target = {
  device: "cpu",
  keyValueCache: "joined",
  float16: false,
  quantizedMatMul: { blockwise: true, rowwiseBits: 0 },
};

/** What transformers.js calls the sizes; it makes an empty cache of `batch_size`, taking every name that it does not know for 0. */
const sizeNames = {
  batch: "batch_size",
  sequence: "sequence_length",
  past: "past_sequence_length",
  "past+sequence": "total_sequence_length",
};

/**
 * The folder that transformers.js (`@huggingface/transformers`) takes a checkpoint from: `onnx/vision_encoder.onnx`,
 * `onnx/embed_tokens.onnx` and `onnx/decoder_model_merged.onnx`, in each format with its suffix and with its weights beside it, and
 * the tokenizer, processor and configuration files as transformers.js reads them. Nothing but headers is read before the pieces are.
 *
 * @throws ModelFileError when the checkpoint cannot be read or has weights that the model does not.
 * @throws InvalidArgumentError for a format that is not one of them.
 */
export async function transformersJsFiles(
  files: ModelFiles,
  options: TransformersJsOptions = {},
): Promise<readonly ModelFolderFile[]> {
  const { dtypes = ["fp32", "q8"], signal, onProgress } = options;
  checkDtypes(dtypes);
  const config = await readModelConfig(files, { signal });
  const weights = Weights.of(await openCheckpoint(files, { signal, onProgress }));
  const graphs = dtypes.flatMap((dtype) =>
    Object.entries(transformersJsGraphs).map(([name, describe]) => graphFiles(name, dtype, describe, weights, config)),
  );
  weights.checkAllUsed();
  const chunks = Object.fromEntries(graphs.map(({ model, data }) => [model.path.replace("onnx/", ""), data.length]));
  const smallFiles = await transformersJsSmallFiles(files, config, { dtypes, chunks }, { signal });
  // The configuration is last: a folder that has one is complete.
  return [...graphs.flatMap(({ model, data }) => [...data, model]), ...smallFiles];
}

function checkDtypes(dtypes: readonly string[]): void {
  const names = Object.keys(transformersJsDtypes);
  const wrong = dtypes.find((dtype) => !names.includes(dtype));
  if (dtypes.length > 0 && wrong === undefined) return;
  throw new InvalidArgumentError({
    argument: "dtypes",
    expected: `some of ${names.join(", ")}`,
    found: wrong ?? "none",
  });
}

function graphFiles(
  name: string,
  dtype: TransformersJsDtype,
  describe: DescribeGraph,
  weights: Weights,
  config: SmolVLMConfig,
): { model: ModelFolderFile; data: readonly ModelFolderFile[] } {
  const { suffix, format } = transformersJsDtypes[dtype];
  const file = `${name}${suffix}.onnx`;
  const formats = { linear: format, head: headFormat(format) };
  const graph = new GraphBuilder({ target, formats, attention: joinedAttention });
  describe(graph, weights, config);
  const { locations, files } = weightFiles(graph.storedParameters, `${file}_data`);
  const bytes = graph.encode(name, (part) => locations.get(part) as PartLocation, sizeNames);
  return {
    model: modelFolderFile(`onnx/${file}`, bytes),
    data: files.map((each) => ({ ...each, path: `onnx/${each.path}` })),
  };
}
