import { ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import * as v from "valibot";
import { check, fieldError, type Place } from "./check.js";
import { fields, flag, integer, optional, text } from "./fields.js";
import { readJsonFile } from "./json-file.js";
import { MAX_VOCABULARY } from "./limits.js";
import { parseTextConfig, type SmolVLMTextConfig } from "./text-config.js";
import { parseVisionConfig, type SmolVLMVisionConfig } from "./vision-config.js";

/** What `config.json` says of a SmolVLM (`idefics3`) or SmolVLM2 (`smolvlm`) model, with the reference's defaults filled in. */
export interface SmolVLMConfig {
  /** The two differ only in how image features are merged when their number is wrong. */
  readonly modelType: "smolvlm" | "idefics3";
  /** The token whose embeddings are replaced by image features. */
  readonly imageTokenId: number;
  /** Published files say 128002, which is not in their vocabulary; the generation configuration and the tokenizer have the real one. */
  readonly padTokenId: number | undefined;
  /** Side of the square of patches that becomes one token. */
  readonly scaleFactor: number;
  /** Whether the output layer is the embedding table. */
  readonly tieWordEmbeddings: boolean;
  readonly visionConfig: SmolVLMVisionConfig;
  readonly textConfig: SmolVLMTextConfig;
}

const schema = fields({
  model_type: optional(text()),
  image_token_id: v.optional(integer(0, MAX_VOCABULARY - 1), 128_257),
  pad_token_id: v.optional(v.nullable(integer(-1, MAX_VOCABULARY - 1)), 128_002),
  scale_factor: v.optional(integer(1, 64), 2),
  tie_word_embeddings: v.optional(flag(), false),
  vision_config: v.nullish(v.unknown()),
  text_config: v.nullish(v.unknown()),
});

/**
 * The model's configuration from the value of `config.json`.
 *
 * @throws ConfigError naming the field, what was expected and what was found, for a wrong field and for what is not supported.
 */
export function parseModelConfig(json: unknown, file = "config.json"): SmolVLMConfig {
  const place: Place = { file, at: "" };
  const raw = check(schema, json, place);
  const modelType = raw.model_type;
  if (modelType !== "smolvlm" && modelType !== "idefics3") {
    throw fieldError(
      place,
      "model_type",
      '"smolvlm" (SmolVLM2) or "idefics3" (SmolVLM), the models supported',
      modelType,
    );
  }
  const padTokenId = raw.pad_token_id === null || raw.pad_token_id === -1 ? undefined : raw.pad_token_id;
  const visionConfig = parseVisionConfig(raw.vision_config ?? {}, file);
  // Without a text configuration the reference builds one with an epsilon and a pad token of its own.
  const textConfig = parseTextConfig(raw.text_config ?? { rms_norm_eps: 1e-5, pad_token_id: padTokenId ?? null }, file);
  const grid = Math.floor(visionConfig.imageSize / visionConfig.patchSize);
  if (grid % raw.scale_factor !== 0) {
    const reason = `vision_config.image_size ${visionConfig.imageSize} / patch_size ${visionConfig.patchSize}`;
    throw fieldError(place, "scale_factor", `a divisor of the ${grid} patches of a side (${reason})`, raw.scale_factor);
  }
  return {
    modelType,
    imageTokenId: raw.image_token_id,
    padTokenId,
    scaleFactor: raw.scale_factor,
    tieWordEmbeddings: raw.tie_word_embeddings,
    visionConfig,
    textConfig,
  };
}

/**
 * The model's configuration, from `config.json`.
 *
 * @throws ModelFileError when the file is missing or unreadable, ConfigError when a field is wrong.
 */
export async function readModelConfig(files: ModelFiles, options?: ReadOptions): Promise<SmolVLMConfig> {
  const json = await readJsonFile(files, "config.json", options);
  if (json === undefined) {
    throw new ModelFileError("config.json", `${files.id} does not have it, so this is not a model that can be loaded.`);
  }
  return parseModelConfig(json);
}

/** Tokens that one frame becomes: the patches of the image, `scaleFactor²` to a token. */
export function imageSequenceLength(config: SmolVLMConfig): number {
  const grid = Math.floor(config.visionConfig.imageSize / config.visionConfig.patchSize);
  return (grid / config.scaleFactor) ** 2;
}
