import type { ByteStore, ReadOptions } from "@smolvlm/contracts";
import { once } from "./once.js";

/** Largest record that is read; one of 500 tensors has some kilobytes. */
const MAX_RECORD_BYTES = 2 ** 20;

/** Figures of a check, by name. */
export type Figures = Readonly<Record<string, number>>;

/** What is noted of converted weights once they are complete and checked. Without a record weights do not count. */
export interface ConversionRecord {
  /** The checkpoint, as the user named it. */
  readonly model: string;
  readonly revision: string;
  /** `vision` or `language`. */
  readonly graph: string;
  /** Formats of the matrices, such as `q8`. */
  readonly formats: readonly string[];
  readonly device: string;
  /** Of the package that converted. */
  readonly version: string;
  /** Key of the weights in the store. */
  readonly weights: string;
  readonly size: number;
  readonly checksum: string;
  /** The store's time of the weights when they were found to be right; undefined where it knows none. */
  readonly modified?: number | undefined;
  /** What conversion lost: the worst matrix of each format. */
  readonly worst: Readonly<Record<string, { readonly tensor: string; readonly rms: number; readonly mean: number }>>;
  /** What the whole graph gave for a built-in input, beside the unquantised one; absent where nothing was quantised. */
  readonly probe?: Figures | undefined;
  /** The graph that was loaded with them, where this is a record of that graph; see {@link keepGraph}. */
  readonly onnx?: KeptOnnx | undefined;
}

/** A graph in the store. */
export interface KeptOnnx {
  /** Key of the serialised graph. */
  readonly key: string;
  readonly checksum: string;
  /** What the graph calls the file of its weights. */
  readonly location: string;
}

/** The record under `key`; undefined where there is none, or something that is not one. */
export async function readRecord(
  store: ByteStore,
  key: string,
  options?: ReadOptions,
): Promise<ConversionRecord | undefined> {
  const source = await store.get(key, options);
  if (!source || source.size > MAX_RECORD_BYTES) return undefined;
  return parseRecord(new TextDecoder().decode(await source.read(0, source.size, options)));
}

/** A record's text; undefined for anything else. */
export function parseRecord(text: string): ConversionRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<ConversionRecord> | null;
    const isRecord =
      typeof value?.model === "string" &&
      typeof value.graph === "string" &&
      typeof value.weights === "string" &&
      typeof value.checksum === "string" &&
      typeof value.size === "number" &&
      Array.isArray(value.formats);
    return isRecord ? (value as ConversionRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a record. */
export async function writeRecord(store: ByteStore, key: string, record: ConversionRecord): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(record, null, 1)}\n`);
  await store.put(key, bytes.length, once(bytes));
}
