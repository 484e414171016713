import type { RawImage } from "@smolvlm/contracts";

/** Frames as they come, taken at another pace; they are kept until then. */
export class FrameQueue {
  readonly #frames: RawImage[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake = (): void => undefined;

  put(frame: RawImage): void {
    this.#frames.push(frame);
    this.#wake();
  }

  /** What `take` throws once the frames before it are taken. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  /** The next frame, as soon as there is one. */
  async take(): Promise<RawImage> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) return frame;
      if (this.#failure) throw this.#failure.error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
