import type { Checkpoint } from "./checkpoint.js";
import type { Parameter } from "./checkpoint-tensor.js";
import { MissingTensorError, TensorMismatchError, UnusedTensorsError } from "./weight-errors.js";

const weightTypes: readonly string[] = ["F32", "F16", "BF16"];

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
    const tensor = this.#checkpoint.tensors.get(path);
    if (!tensor) throw new MissingTensorError(this.#checkpoint.name, path, shape);
    const expected = `[${shape.join(", ")}] of F32, F16 or BF16`;
    const isWeight = weightTypes.includes(tensor.dtype);
    if (!isWeight || tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      const found = `[${tensor.shape.join(", ")}] of ${tensor.dtype}`;
      throw new TensorMismatchError(tensor.file.file, { key: path, expected, found });
    }
    this.#used.add(path);
    return tensor as Parameter;
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
