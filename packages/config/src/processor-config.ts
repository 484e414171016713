import type { ModelFiles, ReadOptions } from "@smolvlm/contracts";
import { check } from "./check.js";
import { fields, integer, optional, text } from "./fields.js";
import { readJsonFile } from "./json-file.js";
import { isJsonObject } from "./json-object.js";
import { MAX_IMAGE_SEQUENCE } from "./limits.js";
import { imageSequenceLength, parseModelConfig } from "./model-config.js";

/** What `processor_config.json` says of the processor itself. */
export interface ProcessorConfig {
  /** Name of the Python class: `SmolVLMProcessor` or `Idefics3Processor`. */
  readonly processorClass: string;
  /** `<image>` tokens of one frame. */
  readonly imageSeqLen: number;
}

/** The constructor's default in the reference. No checkpoint uses it. */
const DEFAULT_IMAGE_SEQ_LEN = 169;

const schema = fields({ processor_class: optional(text()), image_seq_len: optional(integer(1, MAX_IMAGE_SEQUENCE)) });

/**
 * The processor's configuration from the value of `processor_config.json`.
 *
 * @throws ConfigError naming the field, what was expected and what was found.
 */
export function parseProcessorConfig(json: unknown, file = "processor_config.json"): ProcessorConfig {
  const raw = check(schema, json, { file, at: "" });
  return {
    processorClass: raw.processor_class ?? "SmolVLMProcessor",
    imageSeqLen: raw.image_seq_len ?? DEFAULT_IMAGE_SEQ_LEN,
  };
}

/**
 * The processor's configuration, from `processor_config.json`. Where no file states `image_seq_len`, it follows from the model's
 * `config.json`; the reference assumes 169 there, which fits no published model.
 *
 * @throws ModelFileError when a file is unreadable, ConfigError when a field is wrong.
 */
export async function readProcessorConfig(files: ModelFiles, options?: ReadOptions): Promise<ProcessorConfig> {
  const json = (await readJsonFile(files, "processor_config.json", options)) ?? {};
  const config = parseProcessorConfig(json);
  if (isJsonObject(json) && (json["image_seq_len"] ?? null) !== null) return config;
  const model = await readJsonFile(files, "config.json", options);
  return model === undefined ? config : { ...config, imageSeqLen: imageSequenceLength(parseModelConfig(model)) };
}
