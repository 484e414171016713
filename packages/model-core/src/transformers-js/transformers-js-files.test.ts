import { tensor, type Tensor } from "@smolvlm/contracts";
import { nodeBackend } from "@smolvlm/backend-node";
import { describe, expect, test } from "vitest";
import { SmolVLMForConditionalGeneration } from "../smolvlm-for-conditional-generation.js";
import {
  checkpointNames,
  golden,
  goldenCases,
  goldenInputs,
  goldenTensors,
  greatestDifference,
} from "../testing/fixtures.js";
import { readModel } from "../testing/read-model.js";
import { noise } from "../testing/run-graph.js";
import { tinyCase, tinyFiles } from "../testing/tiny-model.js";
import { bytesOf, TransformersJsModel } from "../testing/transformers-js-model.js";
import type { ModelFolderFile } from "./model-folder-file.js";
import { transformersJsFiles } from "./transformers-js-files.js";

/** The project's bound for fp32 logits, absolute, against transformers on CPU. */
const TOLERANCE = 1e-4;
/** A base model has no output layer, and so nothing to generate with. */
const generating = checkpointNames.filter((name) => name !== "v2-base-fp32");

describe.each(generating)("%s as transformers.js runs it", (name) => {
  test("image features, logits and greedy tokens are those of transformers", async () => {
    await using model = await TransformersJsModel.load(await tinyFiles(name), "fp32");
    for (const each of goldenCases(name)) {
      const tensors = await goldenTensors(each);
      const inputs = goldenInputs(tensors);
      const features = await model.imageFeatures(inputs);
      if (features)
        expect(greatestDifference(features, golden(tensors, "image_features")), each.case).toBeLessThan(TOLERANCE);
      const expected = each.generated_ids as readonly (readonly number[])[];
      const steps = Math.max(...expected.map(({ length }) => length));
      const { lastLogits, tokens } = await model.generate(inputs, steps);
      expect(greatestDifference(lastLogits, golden(tensors, "last_logits")), each.case).toBeLessThan(TOLERANCE);
      expect(
        tokens.map((row, index) => row.slice(0, (expected[index] as readonly number[]).length)),
        each.case,
      ).toEqual(expected);
    }
  });
});

/** A batch whose frames are partly padding, with one that only fills up. */
function paddedFrames(side: number): { pixelValues: Tensor<"float32">; pixelAttentionMask: Tensor<"bool"> } {
  const pixelValues = noise([2, 2, 3, side, side], 3);
  const mask = new Uint8Array(4 * side * side).fill(1);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (x >= side * 0.6) mask[side * side + y * side + x] = 0;
      if (y >= side * 0.4) mask[2 * side * side + y * side + x] = 0;
    }
  }
  pixelValues.data.fill(0, 3 * 3 * side * side);
  mask.fill(0, 3 * side * side);
  return { pixelValues, pixelAttentionMask: tensor("bool", [2, 2, side, side], mask) };
}

test("frames that are partly padding have the positions and the mask that our own graph has", async () => {
  const files = await tinyFiles("v2-gqa-fp32");
  await using backend = nodeBackend({ worker: false });
  await using ours = await SmolVLMForConditionalGeneration.fromPretrained(files, { backend });
  await using exported = await TransformersJsModel.load(files, "fp32");
  const frames = paddedFrames(ours.config.visionConfig.imageSize);
  const inputs = {
    ...frames,
    inputIds: tensor("int32", [1, 0], new Int32Array()),
    attentionMask: tensor("int32", [1, 0], new Int32Array()),
  };
  const expected = await ours.getImageFeatures(frames);
  const found = await exported.imageFeatures(inputs);
  expect(found?.dims[0]).toBe(3);
  expect(greatestDifference(found as Tensor<"float32">, expected)).toBeLessThan(1e-5);

  const empty = {
    ...inputs,
    pixelValues: tensor("float32", frames.pixelValues.dims, frames.pixelValues.data.slice().fill(0)),
  };
  expect((await exported.imageFeatures(empty))?.dims[0]).toBe(1);
});

test.each(["fp16", "q8", "q4"] as const)("%s computes what our own graphs compute in it", async (dtype) => {
  const { inputs } = await tinyCase("v2-gqa-fp32", "one-image");
  const files = await tinyFiles("v2-gqa-fp32");
  await using backend = nodeBackend({ worker: false });
  await using ours = await SmolVLMForConditionalGeneration.fromPretrained(files, { backend, dtype });
  // Our own table of embeddings is never quantised.
  await using exported = await TransformersJsModel.load(files, dtype, "fp32");
  const { logits } = await ours.forward({ ...inputs, logitsToKeep: 1 });
  const { lastLogits } = await exported.generate(inputs, 1);
  expect(greatestDifference(tensor("float32", lastLogits.dims, logits.data), lastLogits)).toBeLessThan(TOLERANCE);

  await using quantized = await TransformersJsModel.load(files, dtype);
  const [rows, exact] = await Promise.all([quantized, exported].map((model) => model.embed(inputs.inputIds)));
  const greatest = Math.max(...(exact as Tensor<"float32">).data.map(Math.abs));
  expect(greatestDifference(rows as Tensor<"float32">, exact as Tensor<"float32">)).toBeLessThan(greatest / 128);
});

async function filesOf(name: string, dtypes: readonly ("fp32" | "q8" | "q4")[]): Promise<Map<string, ModelFolderFile>> {
  return new Map((await transformersJsFiles(await tinyFiles(name), { dtypes })).map((file) => [file.path, file]));
}

async function jsonOf(folder: ReadonlyMap<string, ModelFolderFile>, path: string): Promise<Record<string, unknown>> {
  const bytes = await bytesOf(folder.get(path) as ModelFolderFile);
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

test("files, inputs and outputs have the names that transformers.js looks for", async () => {
  const folder = await filesOf("v2-gqa-fp32", ["fp32", "q8"]);
  const graphs = ["vision_encoder", "embed_tokens", "decoder_model_merged"].flatMap((name) =>
    ["", "_quantized"].map((suffix) => `${name}${suffix}.onnx`),
  );
  expect([...folder.keys()].filter((path) => path.startsWith("onnx/")).sort()).toEqual(
    graphs.flatMap((file) => [`onnx/${file}`, `onnx/${file}_data`]).sort(),
  );
  expect([...folder.keys()].at(-1)).toBe("config.json");
  const read = async (name: string): Promise<ReturnType<typeof readModel>> =>
    readModel(await bytesOf(folder.get(`onnx/${name}.onnx`) as ModelFolderFile));
  expect(await read("vision_encoder")).toMatchObject({
    inputs: ["pixel_values", "pixel_attention_mask"],
    outputs: ["image_features"],
  });
  expect(await read("embed_tokens")).toMatchObject({ inputs: ["input_ids"], outputs: ["inputs_embeds"] });
  const decoder = await read("decoder_model_merged");
  expect(decoder.inputs.slice(0, 5)).toEqual([
    "inputs_embeds",
    "attention_mask",
    "position_ids",
    "past_key_values.0.key",
    "past_key_values.0.value",
  ]);
  expect(decoder.outputs).toContain("present.0.key");
  expect(decoder.outputs.at(-1)).toBe("logits");
  const config = await jsonOf(folder, "config.json");
  expect(config["transformers.js_config"]).toEqual({
    use_external_data_format: Object.fromEntries(graphs.map((file) => [file, 1])),
  });
});

test("what transformers 5 nests or leaves out is where transformers.js reads it", async () => {
  const folder = await filesOf("v1-tf5-bf16", ["q4"]);
  expect(await jsonOf(folder, "preprocessor_config.json")).toMatchObject({
    image_processor_type: "Idefics3ImageProcessor",
    processor_class: "Idefics3Processor",
    max_image_size: { longest_edge: 28 },
  });
  expect(await jsonOf(folder, "processor_config.json")).toMatchObject({ image_seq_len: 4 });
  expect((await jsonOf(folder, "tokenizer_config.json"))["chat_template"]).toContain("<end_of_utterance>");
  const config = await jsonOf(await filesOf("v2-defaults-bf16", ["q4"]), "config.json");
  expect(config).toMatchObject({
    model_type: "smolvlm",
    text_config: { model_type: "llama", num_key_value_heads: expect.any(Number) as number },
    "transformers.js_config": { dtype: "q4" },
  });
  expect(config["image_token_id"]).toBeTypeOf("number");
});

test("a format that transformers.js does not have is refused", async () => {
  const files = await tinyFiles("v2-gqa-fp32");
  await expect(transformersJsFiles(files, { dtypes: [] })).rejects.toThrow("dtypes");
  await expect(transformersJsFiles(files, { dtypes: ["q3" as "q4"] })).rejects.toThrow("q3");
});
