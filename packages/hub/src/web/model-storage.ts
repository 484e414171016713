import { storageProblem, type PageStorage } from "./page-storage.js";
import { PIECE_BYTES, type PieceStore } from "./piece-store.js";

/** Group of what is known of addresses and branches. */
const REFERENCES = "references";
/** Entry of a model's group that says what the model is. */
const DESCRIPTION = "about.json";

/** Where the pieces of one file are kept. */
export interface FilePieces {
  /** A piece that is kept; undefined where it is not. */
  read(index: number): Promise<Blob | undefined>;
  /** Keeps a piece where it can be kept; in memory where it cannot and `isNeeded` again. */
  write(index: number, bytes: Uint8Array<ArrayBuffer>, isNeeded?: boolean): Promise<void>;
  /** Indices of the pieces that are kept, whole. */
  indices(): Promise<readonly number[]>;
  /** Whether all pieces can be kept, so that it is worth fetching those that nobody has asked for yet. */
  readonly isLasting: boolean;
}

/** What a stored model is. */
export interface ModelDescription {
  readonly id: string;
}

/**
 * What a page keeps of one model. When the browser refuses to keep more, pieces are fetched again when they are read again, and `onFallback`
 * is told why, once.
 */
export class ModelStorage {
  #store: PieceStore | undefined;
  readonly #onFallback: (reason: string) => void;

  constructor({ store, reason }: PageStorage, onFallback: (reason: string) => void = () => undefined) {
    this.#store = store;
    this.#onFallback = onFallback;
    if (!store && reason !== undefined) onFallback(reason);
  }

  /** The pieces of a file of `size` bytes; `entry` changes when its content does. */
  file(model: string, entry: string, size: number): FilePieces {
    const known = new Map<number, Blob>();
    const lengthOf = (index: number): number => Math.min(PIECE_BYTES, size - index * PIECE_BYTES);
    const isLasting = (): boolean => this.#store !== undefined;
    return {
      get isLasting() {
        return isLasting();
      },
      read: async (index) => {
        const found = known.get(index) ?? (await this.#read(model, entry, String(index)));
        if (found?.size !== lengthOf(index)) return undefined;
        known.set(index, found);
        return found;
      },
      write: async (index, bytes, isNeeded = false) => {
        const kept = await this.#write(model, entry, String(index), bytes);
        // A blob of bytes is the browser's to hold, and it may put it on disk.
        const piece = kept ?? (isNeeded ? new Blob([bytes]) : undefined);
        if (piece) known.set(index, piece);
      },
      indices: async () => {
        const indices = new Set(known.keys());
        // All of a file is looked up once.
        if (indices.size * PIECE_BYTES >= size) return [...indices];
        for (const [name, piece] of (await this.#store?.pieces(model, entry).catch(() => [])) ?? []) {
          const index = Number(name);
          if (piece.size !== lengthOf(index)) continue;
          indices.add(index);
          if (piece instanceof Blob) known.set(index, piece);
        }
        return [...indices];
      },
    };
  }

  /** A small text that was kept; undefined where there is none. */
  async readText(model: string, entry: string): Promise<string | undefined> {
    return (await this.#read(model, entry, "text"))?.text();
  }

  /** Keeps a small text where it can be kept. */
  async writeText(model: string, entry: string, text: string): Promise<void> {
    await this.#write(model, entry, "text", new TextEncoder().encode(text));
  }

  /** What was last known of an address or branch, as JSON. */
  async recall(reference: string): Promise<unknown> {
    const text = await this.readText(REFERENCES, reference);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      // Damaged: as if it were not known.
      return undefined;
    }
  }

  /** Notes what is known of an address or branch. */
  async remember(reference: string, known: unknown): Promise<void> {
    await this.writeText(REFERENCES, reference, JSON.stringify(known));
  }

  /** Says in the store what the model is, for those who list it. */
  async describe(model: string, description: ModelDescription): Promise<void> {
    await this.writeText(model, DESCRIPTION, JSON.stringify(description));
  }

  async #read(model: string, entry: string, piece: string): Promise<Blob | undefined> {
    // What cannot be read is fetched again.
    return this.#store?.read({ model, entry, piece }).catch(() => undefined);
  }

  async #write(model: string, entry: string, piece: string, bytes: Uint8Array<ArrayBuffer>): Promise<Blob | undefined> {
    const address = { model, entry, piece };
    try {
      await this.#store?.write(address, bytes);
      return await this.#store?.read(address);
    } catch (error) {
      // Storage that is full stays full; half a model kept is still worth something to the next load.
      if (this.#store) this.#onFallback(`${storageProblem(error)}; the model's files are read from the network again`);
      this.#store = undefined;
      return undefined;
    }
  }
}

/** Whether a group of the store is a model, and not what belongs to all. */
export function isModelGroup(name: string): boolean {
  return name !== REFERENCES;
}

/** What a stored model is; undefined where it was not noted. */
export async function describedModel(store: PieceStore, model: string): Promise<ModelDescription | undefined> {
  const text = await (await store.read({ model, entry: DESCRIPTION, piece: "text" }))?.text();
  try {
    const { id } = JSON.parse(text ?? "{}") as { readonly id?: unknown };
    return typeof id === "string" ? { id } : undefined;
  } catch {
    return undefined;
  }
}
