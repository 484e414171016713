import { tensor, type ModelFiles, type Tensor } from "@smolvlm/contracts";
import { memoryModelFiles } from "@smolvlm/hub";
import { SmolVLMForConditionalGeneration, type ModelDtype } from "@smolvlm/model-core";
import { webBackend, type WebBackendOptions } from "../web-backend.js";

/** A tensor of a golden case, as it comes from the test: what a page can be told is JSON. */
export interface GoldenTensor {
  readonly dtype: "float32" | "bool" | "int32";
  readonly dims: readonly number[];
  readonly base64: string;
}

/** A checkpoint, the inputs of a golden case, and how many tokens to generate. */
export interface GoldenRequest {
  readonly options: WebBackendOptions;
  readonly files: Readonly<Record<string, string>>;
  readonly tensors: Readonly<Record<string, GoldenTensor>>;
  readonly maxNewTokens: number;
  readonly dtype: ModelDtype;
}

/** What the model gives: the greatest difference of the last logits from the golden ones, and the greedy tokens. */
export interface GoldenAnswer {
  readonly difference: number;
  readonly newTokens: readonly (readonly number[])[];
}

/** Runs a golden case on this page's backend. */
export async function checkGolden(request: GoldenRequest): Promise<GoldenAnswer> {
  const files: ModelFiles = memoryModelFiles(
    Object.fromEntries(Object.entries(request.files).map(([name, text]) => [name, decode(text)])),
  );
  await using backend = await webBackend(request.options);
  await using model = await SmolVLMForConditionalGeneration.fromPretrained(files, { backend, dtype: request.dtype });
  const inputs = {
    inputIds: read(request, "input_ids") as Tensor<"int32">,
    attentionMask: read(request, "attention_mask") as Tensor<"int32">,
    pixelValues: read(request, "pixel_values") as Tensor<"float32"> | undefined,
    pixelAttentionMask: read(request, "pixel_attention_mask") as Tensor<"bool"> | undefined,
  };
  const { logits, imageFeatures } = await model.forward({ ...inputs, logitsToKeep: 1 });
  const expected = (read(request, "last_logits") as Tensor<"float32">).data;
  let difference = logits.data.length === expected.length ? 0 : Infinity;
  logits.data.forEach((value, index) => {
    const distance = Math.abs(value - (expected[index] as number));
    difference = distance <= difference ? difference : Number.isNaN(distance) ? Infinity : distance;
  });
  await using stream = await model.stream({
    inputIds: inputs.inputIds,
    attentionMask: inputs.attentionMask,
    imageFeatures,
    maxNewTokens: request.maxNewTokens,
  });
  for await (const _step of stream);
  return { difference, newTokens: stream.snapshot().newTokens.map((ids) => [...ids]) };
}

function read({ tensors }: GoldenRequest, name: string): Tensor | undefined {
  const found = tensors[name];
  if (!found) return undefined;
  const { buffer } = decode(found.base64);
  if (found.dtype === "float32") return tensor("float32", found.dims, new Float32Array(buffer));
  if (found.dtype === "bool") return tensor("bool", found.dims, new Uint8Array(buffer));
  return tensor("int32", found.dims, new Int32Array(buffer));
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
