/** Work that waits for a free lane. */
interface Waiting {
  readonly urgent: boolean;
  readonly start: () => void;
}

/** At most `count` pieces of work at a time; urgent ones go before the others, each kind in the order in which it came. */
export class Lanes {
  #free: number;
  readonly #queue: Waiting[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `work` when a lane is free. @throws what `work` throws. */
  async run<T>(urgent: boolean, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else {
      await new Promise<void>((start) => {
        const ahead = urgent ? this.#queue.findIndex((other) => !other.urgent) : -1;
        this.#queue.splice(ahead < 0 ? this.#queue.length : ahead, 0, { urgent, start });
      });
    }
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next) next.start();
      else this.#free++;
    }
  }
}
