import type { OnProgress } from "@smolvlm/contracts";

/** Tells of prompt positions as they are read, from 0 on. */
export class ReadProgress {
  readonly #total: number;
  readonly #onProgress: OnProgress | undefined;
  #loaded = 0;

  constructor(total: number, onProgress: OnProgress | undefined) {
    this.#total = total;
    this.#onProgress = onProgress;
    this.add(0);
  }

  /** So many more positions were read. */
  add(positions: number): void {
    this.#loaded += positions;
    this.#onProgress?.({ stage: "prefill", loaded: this.#loaded, total: this.#total, unit: "tokens" });
  }
}
