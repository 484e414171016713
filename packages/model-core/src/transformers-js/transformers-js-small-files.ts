import {
  imageSequenceLength,
  MAX_TOKENIZER_BYTES,
  readChatTemplate,
  readJsonFile,
  type SmolVLMConfig,
} from "@smolvlm/config";
import type { ModelFiles, ReadOptions } from "@smolvlm/contracts";
import { modelFolderFile, type ModelFolderFile } from "./model-folder-file.js";
import type { TransformersJsDtype } from "./transformers-js-dtype.js";

type Json = Readonly<Record<string, unknown>>;

/** Files that are taken over as they are, where there are such. */
const COPIED_FILES = ["tokenizer.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json"];

/** What the configuration has to say of the graphs. */
export interface WrittenGraphs {
  readonly dtypes: readonly TransformersJsDtype[];
  /** Number of weight files of each graph, by the name of its file. */
  readonly chunks: Readonly<Record<string, number>>;
}

/**
 * The configuration, tokenizer and processor files. What transformers.js looks for elsewhere than transformers is put where it does:
 * the chat template into `tokenizer_config.json`, and what transformers 5 nests in `processor_config.json` into
 * `preprocessor_config.json`; and values that a configuration leaves to the defaults of its class are written out.
 */
export async function transformersJsSmallFiles(
  files: ModelFiles,
  config: SmolVLMConfig,
  graphs: WrittenGraphs,
  options: ReadOptions,
): Promise<readonly ModelFolderFile[]> {
  const read = async (path: string): Promise<Json> => asObject(await readJsonFile(files, path, { ...options }));
  const family = config.modelType === "idefics3" ? "Idefics3" : "SmolVLM";
  const processor = await read("processor_config.json");
  const preprocessor = asObject(processor["image_processor"] ?? (await read("preprocessor_config.json")));
  const tokenizer = asObject(
    await readJsonFile(files, "tokenizer_config.json", { ...options, maxBytes: MAX_TOKENIZER_BYTES }),
  );
  const template = await readChatTemplate(files, options);
  const written: Readonly<Record<string, Json>> = {
    "preprocessor_config.json": {
      image_processor_type: `${family}ImageProcessor`,
      ...preprocessor,
      processor_class: `${family}Processor`,
    },
    "processor_config.json": {
      image_seq_len: imageSequenceLength(config),
      ...processor,
      processor_class: `${family}Processor`,
    },
    "tokenizer_config.json": { ...tokenizer, ...(template === undefined ? {} : { chat_template: template }) },
    "config.json": withGraphs(await read("config.json"), config, graphs),
  };
  const copied: ModelFolderFile[] = [];
  for (const path of COPIED_FILES) {
    const source = await files.open(path, options);
    if (source) copied.push(modelFolderFile(path, await source.read(0, source.size, options)));
  }
  return [
    ...copied,
    ...Object.entries(written).map(([path, json]) =>
      modelFolderFile(path, new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)),
    ),
  ];
}

function withGraphs(raw: Json, config: SmolVLMConfig, { dtypes, chunks }: WrittenGraphs): Json {
  const { textConfig: text } = config;
  return {
    ...raw,
    model_type: config.modelType,
    image_token_id: config.imageTokenId,
    text_config: {
      ...asObject(raw["text_config"]),
      model_type: "llama",
      hidden_size: text.hiddenSize,
      num_hidden_layers: text.numHiddenLayers,
      num_attention_heads: text.numAttentionHeads,
      num_key_value_heads: text.numKeyValueHeads,
      head_dim: text.headDim,
      vocab_size: text.vocabSize,
    },
    "transformers.js_config": {
      use_external_data_format: chunks,
      // With one format there is nothing to choose.
      ...(dtypes.length === 1 ? { dtype: dtypes[0] } : {}),
    },
  };
}

function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
