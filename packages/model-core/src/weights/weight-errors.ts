import { ModelFileError } from "@smolvlm/contracts";

/** Most keys that a message names. */
const NAMED_KEYS = 5;

/** A checkpoint does not have a tensor that its configuration asks for. */
export class MissingTensorError extends ModelFileError {
  static override readonly errorName: string = "MissingTensorError";
  /** The literal key. */
  readonly key: string;

  constructor(file: string, key: string, shape: readonly number[]) {
    super(
      file,
      `tensor ${key} [${shape.join(", ")}] is missing; config.json and the weights are not of the same model.`,
    );
    this.key = key;
  }
}

/** A tensor has another shape than the configuration asks for, or an element type that is not a weight's. */
export class TensorMismatchError extends ModelFileError {
  static override readonly errorName: string = "TensorMismatchError";
  /** The literal key. */
  readonly key: string;
  readonly expected: string;
  readonly found: string;

  constructor(file: string, init: { key: string; expected: string; found: string }) {
    super(file, `tensor ${init.key}: expected ${init.expected}, found ${init.found}.`);
    this.key = init.key;
    this.expected = init.expected;
    this.found = init.found;
  }
}

/** A checkpoint has tensors that the model does not: to ignore them would be to compute something else than was trained. */
export class UnusedTensorsError extends ModelFileError {
  static override readonly errorName: string = "UnusedTensorsError";
  /** All of the literal keys. */
  readonly keys: readonly string[];

  constructor(file: string, keys: readonly string[]) {
    const named = keys.slice(0, NAMED_KEYS).join(", ");
    const more = keys.length > NAMED_KEYS ? ` and ${keys.length - NAMED_KEYS} more` : "";
    const subject = keys.length === 1 ? "1 tensor is" : `${keys.length} tensors are`;
    super(file, `${subject} not part of the model that config.json describes: ${named}${more}.`);
    this.keys = keys;
  }
}
