import type { Checkpoint } from "./checkpoint.js";
import type { CheckpointTensor, NumberTensor, Parameter } from "./checkpoint-tensor.js";
import { storedParts } from "./stored-parameter.js";
import { weightFormats, type QuantizedFormat } from "./weight-format.js";
import { MissingTensorError, TensorMismatchError, UnusedTensorsError } from "./weight-errors.js";

const weightTypes: readonly string[] = ["F32", "F16", "BF16"];
const quantizedFormats = weightFormats.filter((format) => format !== "fp32" && format !== "fp16");

/** Element types of stored parts, as safetensors files name them. */
export const storedTypes = { float32: "F32", float16: "F16", uint8: "U8", int8: "I8" } as const;

/**
 * The weights of a module, found by the literal keys of the checkpoint: `weights.at("self_attn").param("q_proj.weight", [n, k])`.
 * All scopes of one checkpoint remember together what was asked for.
 */
export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly #prefix: string;
  readonly #used: Set<string>;

  private constructor(checkpoint: Checkpoint, prefix: string, used: Set<string>) {
    this.#checkpoint = checkpoint;
    this.#prefix = prefix;
    this.#used = used;
  }

  /** All of a checkpoint. */
  static of(checkpoint: Checkpoint): Weights {
    return new Weights(checkpoint, "", new Set());
  }

  /** The weights below `name`; an empty name is this scope. */
  at(name: string): Weights {
    return name === "" ? this : new Weights(this.#checkpoint, `${this.#prefix}${name}.`, this.#used);
  }

  /** Whether the checkpoint has `key` in this scope. */
  has(key: string): boolean {
    return this.#checkpoint.tensors.has(this.#prefix + key);
  }

  /** Whether the checkpoint has anything in this scope. */
  get isPresent(): boolean {
    for (const key of this.#checkpoint.tensors.keys()) if (key.startsWith(this.#prefix)) return true;
    return false;
  }

  /**
   * One tensor of this scope.
   *
   * @throws MissingTensorError when there is none of that key.
   * @throws TensorMismatchError when it has another shape, or its elements are not floating-point numbers.
   */
  param(key: string, shape: readonly number[]): Parameter {
    const path = this.#prefix + key;
    const forms = this.#forms(path, shape);
    const numbers = this.#numbers(path, shape);
    if (!numbers && forms.size === 0) throw new MissingTensorError(this.#checkpoint.name, path, shape);
    return { key: path, shape, numbers, forms };
  }

  /**
   * One tensor of this scope as numbers, which converted checkpoints have for what is not multiplied.
   *
   * @throws MissingTensorError, TensorMismatchError.
   */
  numbers(key: string, shape: readonly number[]): NumberTensor {
    const { numbers } = this.param(key, shape);
    if (!numbers) throw new MissingTensorError(this.#checkpoint.name, this.#prefix + key, shape);
    return numbers;
  }

  #numbers(key: string, shape: readonly number[]): NumberTensor | undefined {
    const tensor = this.#checkpoint.tensors.get(key);
    if (!tensor) return undefined;
    if (!weightTypes.includes(tensor.dtype) || !isSameShape(tensor.shape, shape)) {
      throw mismatch(tensor, shape, "F32, F16 or BF16");
    }
    this.#used.add(key);
    return tensor as NumberTensor;
  }

  /** The forms that a converted checkpoint has a matrix in. */
  #forms(key: string, shape: readonly number[]): Parameter["forms"] {
    const forms = new Map<QuantizedFormat, readonly CheckpointTensor[]>();
    for (const format of quantizedFormats) {
      if (!this.#checkpoint.tensors.has(`${key}.${format}`)) continue;
      const tensors = storedParts({ key, shape }, format).map(({ name, dtype, dims }) => {
        const tensor = this.#checkpoint.tensors.get(name);
        if (!tensor) throw new MissingTensorError(this.#checkpoint.name, name, dims);
        if (tensor.dtype !== storedTypes[dtype] || !isSameShape(tensor.shape, dims)) {
          throw mismatch(tensor, dims, storedTypes[dtype]);
        }
        this.#used.add(name);
        return tensor;
      });
      forms.set(format, tensors);
    }
    return forms;
  }

  /**
   * Checks that everything in this scope was asked for.
   *
   * @throws UnusedTensorsError naming what was not.
   */
  checkAllUsed(): void {
    const unused = [...this.#checkpoint.tensors.keys()].filter(
      (key) => key.startsWith(this.#prefix) && !this.#used.has(key),
    );
    if (unused.length > 0) throw new UnusedTensorsError(this.#checkpoint.name, unused);
  }
}

function isSameShape(found: readonly number[], expected: readonly number[]): boolean {
  return found.length === expected.length && found.every((size, axis) => size === expected[axis]);
}

function mismatch(tensor: CheckpointTensor, shape: readonly number[], types: string): TensorMismatchError {
  const expected = `[${shape.join(", ")}] of ${types}`;
  const found = `[${tensor.shape.join(", ")}] of ${tensor.dtype}`;
  return new TensorMismatchError(tensor.file.file, { key: tensor.key, expected, found });
}
