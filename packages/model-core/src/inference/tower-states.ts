import { tensor, type Tensor } from "@smolvlm/contracts";
import type { ModelCallInputs } from "./model-call-inputs.js";
import type { PreparedBatch } from "./model-runtime.js";
import type { ReadPiece } from "./read-prompts.js";

/** Hidden states of one tower. */
export interface TowerStates {
  /** The embeddings, then the output of each layer before the final norm. */
  readonly hiddenStates: readonly Tensor<"float32">[];
  /** The output of the last layer, normalised. */
  readonly lastHiddenState: Tensor<"float32">;
}

/** Names of the outputs of a tower of `layers`, without the embeddings. */
export function stateNames(layers: number): readonly string[] {
  return [...Array.from({ length: layers }, (_, layer) => `hidden_states.${layer + 1}`), "last_hidden_state"];
}

/** Outputs of the vision graph as hidden states [frames, patches, vision hidden]. */
export function visionStates(outputs: Readonly<Record<string, Tensor<"float32">>>, layers: number): TowerStates {
  const names = Array.from({ length: layers + 1 }, (_, layer) => `hidden_states.${layer}`);
  return {
    hiddenStates: names.map((name) => outputs[name] as Tensor<"float32">),
    lastHiddenState: outputs["last_hidden_state"] as Tensor<"float32">,
  };
}

/** Puts the pieces of prompts back where their rows were in the padded batch; positions of padding stay 0. */
export class TextStates {
  readonly #rows: PreparedBatch["rows"];
  readonly #length: number;
  readonly #hiddenSize: number;
  readonly #states: ReadonlyMap<string, Float32Array>;

  /** @param names outputs to gather, each [batch · sequence, hidden]; `hidden_states.0` for the embeddings. */
  constructor(inputs: ModelCallInputs, rows: PreparedBatch["rows"], hiddenSize: number, names: readonly string[]) {
    const [batch = 0, length = 0] = inputs.inputIds.dims;
    this.#rows = rows;
    this.#length = length;
    this.#hiddenSize = hiddenSize;
    this.#states = new Map(names.map((name) => [name, new Float32Array(batch * length * hiddenSize)]));
  }

  /** Takes over a piece. */
  add({ from, sequence, newLengths, embeds, results }: ReadPiece): void {
    for (const [name, all] of this.#states) {
      const values = name === "hidden_states.0" ? embeds : (results[name]?.data as Float32Array);
      this.#rows.forEach(({ start }, row) => {
        const first = row * sequence * this.#hiddenSize;
        const own = values.subarray(first, first + (newLengths[row] as number) * this.#hiddenSize);
        all.set(own, (row * this.#length + start + from) * this.#hiddenSize);
      });
    }
  }

  /** Everything of a tower of `layers`. */
  all(layers: number): TowerStates {
    const names = Array.from({ length: layers + 1 }, (_, layer) => `hidden_states.${layer}`);
    return { hiddenStates: names.map((name) => this.get(name)), lastHiddenState: this.get("last_hidden_state") };
  }

  /** What was gathered under `name`, [batch, length, hidden]. */
  get(name: string): Tensor<"float32"> {
    const dims = [this.#rows.length, this.#length, this.#hiddenSize];
    return tensor("float32", dims, this.#states.get(name) as Float32Array);
  }
}
