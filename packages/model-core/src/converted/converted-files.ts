import { readModelConfig } from "@smolvlm/config";
import type { ModelFiles, ReadOptions, Target } from "@smolvlm/contracts";
import { GraphBuilder } from "../graph/graph-builder.js";
import { graphFormats, resolveDtype, type ModelDtype } from "../inference/dtype.js";
import type { LoadProgress } from "../inference/graph-loader.js";
import { languageGraph } from "../models/language-graph.js";
import { modelScope } from "../models/model-scope.js";
import { visionGraph } from "../models/vision-graph.js";
import { modelFolderFile, type ModelFolderFile } from "../transformers-js/model-folder-file.js";
import type { NumberTensor, Parameter } from "../weights/checkpoint-tensor.js";
import { openCheckpoint } from "../weights/checkpoint.js";
import { checkConversion } from "../weights/conversion-bounds.js";
import { convertParameter } from "../weights/convert-parameter.js";
import type { RowsConverter } from "../weights/convert-rows.js";
import { startedEarly } from "../weights/started-early.js";
import { storedParts, type StoredParameter, type StoredPart } from "../weights/stored-parameter.js";
import type { WeightFormat } from "../weights/weight-format.js";
import { storedTypes, Weights } from "../weights/weights.js";
import { MANIFEST_FILE, MANIFEST_VERSION, readManifest, type ConvertedManifest } from "./converted-manifest.js";
import { copiedFiles } from "./copied-files.js";
import { safetensorsShard, type ShardTensor } from "./safetensors-shard.js";

/** Bytes of the embedding table copied at a time. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Any device: what a device cannot run is converted when it is loaded there. */
const target: Target = {
  device: "cpu",
  keyValueCache: "new-rows",
  float16: false,
  quantizedMatMul: { blockwise: true, rowwiseBits: 8 },
};

/** Options of {@link convertedFiles}. */
export interface ConvertedFilesOptions extends LoadProgress {
  /** Formats of the parts; `auto`, by default, is that of CPUs. */
  readonly dtype?: ModelDtype | undefined;
  /** Converts weights elsewhere than in this thread; it stays the caller's. */
  readonly converter?: RowsConverter | undefined;
}

/**
 * A checkpoint with its weights converted, as a folder of its own that loads like any other, here and in browsers: a file of weights for
 * each graph, one for the embeddings, the index of the three, the configuration, tokenizer and processor files as they were, and
 * `smolvlm.json` with the formats. Nothing but headers is read before the pieces are.
 *
 * @throws ModelFileError when the checkpoint cannot be read; while pieces are read, QuantizationError when a format loses too much.
 */
export async function convertedFiles(
  files: ModelFiles,
  options: ConvertedFilesOptions = {},
): Promise<readonly ModelFolderFile[]> {
  const { dtype = "auto", converter, signal, onProgress } = options;
  const known = await readManifest(files, { signal });
  const formats = resolveDtype(dtype, target, { fixed: known?.formats });
  const config = await readModelConfig(files, { signal });
  const weights = Weights.of(await openCheckpoint(files, { signal, onProgress }));
  const [vision, language] = [graphFormats(formats).vision, graphFormats(formats).text].map(
    (each) => new GraphBuilder({ target, formats: each }),
  ) as [GraphBuilder, GraphBuilder];
  visionGraph(vision, weights, config, { side: config.visionConfig.imageSize, isMasked: false, outputs: "features" });
  languageGraph(language, weights, config, "logits");
  const { vocabSize, hiddenSize } = config.textConfig;
  const embeddings = modelScope(weights).at("text_model.embed_tokens").numbers("weight", [vocabSize, hiddenSize]);
  weights.checkAllUsed();

  const shards = [
    shardOf("vision", separately(vision), files.id, converter),
    shardOf("language", separately(language), files.id, converter),
  ];
  // A head of numbers that is tied to the embeddings has them already.
  const hasEmbeddings = shards.some(({ tensors }) => tensors.some(({ key }) => key === embeddings.key));
  if (!hasEmbeddings) shards.push(embeddingShard(embeddings));
  const weightMap = Object.fromEntries(
    shards.flatMap(({ file, tensors }) => tensors.map(({ key }): [string, string] => [key, file.path])),
  );
  const index = {
    metadata: { total_size: shards.reduce((sum, { file }) => sum + file.size, 0) },
    weight_map: weightMap,
  };
  const manifest: ConvertedManifest = {
    version: MANIFEST_VERSION,
    formats,
    source: known?.source ?? { model: files.id, revision: files.revision },
  };
  return [
    ...shards.map(({ file }) => file),
    jsonFile("model.safetensors.index.json", index),
    ...(await copiedFiles(files, { signal })),
    jsonFile(MANIFEST_FILE, manifest),
  ];
}

/** The weights of a graph by their own keys, each once; a graph that finds them so does not stack them. */
function separately(graph: GraphBuilder): readonly StoredParameter[] {
  const formats = new Map<Parameter, WeightFormat>();
  for (const { parameters, format } of graph.storedParameters) {
    for (const parameter of parameters) formats.set(parameter.whole ?? parameter, format);
  }
  return [...formats].map(([parameter, format]) => ({
    parameters: [parameter],
    format,
    parts: storedParts(parameter, format),
  }));
}

interface Shard {
  readonly file: ModelFolderFile;
  readonly tensors: readonly ShardTensor[];
}

function shardOf(
  name: string,
  stored: readonly StoredParameter[],
  model: string,
  converter: RowsConverter | undefined,
): Shard {
  // Norms and biases first: their float32 stays aligned whatever sizes the bytes of the matrices have.
  const ordered = [...stored].sort((a, b) => Number(a.format !== "fp32") - Number(b.format !== "fp32"));
  const tensors = ordered.flatMap((each) => each.parts.map((part) => shardTensor(each, part)));
  const pieces = async function* (options?: ReadOptions): AsyncGenerator<Uint8Array> {
    const convert = (each: StoredParameter): AsyncGenerator<Uint8Array> =>
      convertParameter(each, {
        converter,
        signal: options?.signal,
        onConverted: (error, parameter) => {
          checkConversion(parameter.numbers?.file.file ?? model, parameter.key, each.format, error);
        },
      });
    yield* startedEarly(ordered, convert);
  };
  return { file: safetensorsShard(`model-${name}.safetensors`, tensors, pieces), tensors };
}

function shardTensor({ parameters, format }: StoredParameter, part: StoredPart): ShardTensor {
  const { name, dtype, dims, byteLength } = part;
  // Half precision is no form of ours: every reader of safetensors knows it.
  const key = format === "fp16" && parameters[0] ? parameters[0].key : name;
  return { key, dtype: storedTypes[dtype], shape: dims, byteLength };
}

function embeddingShard({ key, dtype, shape, file, offset, byteLength }: NumberTensor): Shard {
  const tensors = [{ key, dtype, shape, byteLength }];
  const pieces = async function* (options?: ReadOptions): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < byteLength; at += PIECE_BYTES) {
      options?.signal?.throwIfAborted();
      yield await file.source.read(offset + at, Math.min(PIECE_BYTES, byteLength - at), options);
    }
  };
  return { file: safetensorsShard("model-embeddings.safetensors", tensors, pieces), tensors };
}

function jsonFile(path: string, json: unknown): ModelFolderFile {
  return modelFolderFile(path, new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`));
}
