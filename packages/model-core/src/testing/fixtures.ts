import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError, tensor, type ModelInputs, type Tensor } from "@smolvlm/contracts";
import { memoryByteSource } from "@smolvlm/hub";
import { readSafetensorsHeader } from "../weights/safetensors-header.js";

/** The repository. */
export const repositoryRoot = fileURLToPath(new URL("../../../../", import.meta.url));
const fixtures = join(repositoryRoot, "fixtures");

/** What a golden case says beside its tensors. */
export interface GoldenCase {
  readonly checkpoint: string;
  readonly case: string;
  readonly tags: readonly string[];
  readonly generate?: { readonly max_new_tokens: number; readonly eos_token_id: number; readonly pad_token_id: number };
  readonly generated_ids?: readonly (readonly number[])[];
  readonly min_margin?: number;
  readonly loss?: number;
}

/** Folder of a tiny checkpoint. */
export function checkpointFolder(name: string): string {
  const folder = join(fixtures, "checkpoints", name);
  if (!existsSync(folder)) {
    const expected = `the checkpoint ${name}; tooling/reference/README.md says how to make it`;
    throw new InvalidArgumentError({ argument: "fixtures", expected, found: `no ${folder}` });
  }
  return folder;
}

/** Names of the tiny checkpoints. */
export const checkpointNames = readdirSync(join(fixtures, "checkpoints")).sort();

/** The golden cases of a checkpoint that run the model. */
export function goldenCases(checkpoint: string): readonly GoldenCase[] {
  const folder = join(fixtures, "cases", checkpoint);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as GoldenCase)
    .filter(({ tags }) => !tags.includes("pixels-only"));
}

/** The tensors of a golden case, by name; integers as int32. */
export async function goldenTensors(golden: GoldenCase): Promise<ReadonlyMap<string, Tensor>> {
  const path = join(fixtures, "cases", golden.checkpoint, `${golden.case}.safetensors`);
  const bytes = new Uint8Array(readFileSync(path));
  const tensors = await readSafetensorsHeader({ file: path, source: memoryByteSource(bytes) });
  return new Map(
    tensors.map(({ key, dtype, shape, offset, byteLength }): [string, Tensor] => {
      const { buffer } = bytes.slice(offset, offset + byteLength);
      if (dtype === "F32") return [key, tensor("float32", shape, new Float32Array(buffer))];
      if (dtype === "U8") return [key, tensor("bool", shape, new Uint8Array(buffer))];
      return [key, tensor("int32", shape, Int32Array.from(new BigInt64Array(buffer), Number))];
    }),
  );
}

/** A golden tensor that must be there. */
export function golden(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor<"float32"> {
  const found = tensors.get(name);
  if (found?.dtype === "float32") return found as Tensor<"float32">;
  throw new InvalidArgumentError({
    argument: name,
    expected: "float32 tensor in the fixture",
    found: String(found?.dtype),
  });
}

/** The processor's batch of a golden case. */
export function goldenInputs(tensors: ReadonlyMap<string, Tensor>): ModelInputs {
  return {
    inputIds: tensors.get("input_ids") as Tensor<"int32">,
    attentionMask: tensors.get("attention_mask") as Tensor<"int32">,
    pixelValues: tensors.get("pixel_values") as Tensor<"float32"> | undefined,
    pixelAttentionMask: tensors.get("pixel_attention_mask") as Tensor<"bool"> | undefined,
  };
}

/** The greatest absolute difference; infinite where shapes differ or a value is not a number. */
export function greatestDifference(a: Tensor<"float32">, b: Tensor<"float32">): number {
  if (String(a.dims) !== String(b.dims)) return Infinity;
  let greatest = 0;
  a.data.forEach((value, index) => {
    const difference = Math.abs(value - (b.data[index] as number));
    greatest = difference <= greatest ? greatest : Number.isNaN(difference) ? Infinity : difference;
  });
  return greatest;
}
