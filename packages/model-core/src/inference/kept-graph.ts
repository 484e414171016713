import type { ExternalData } from "@smolvlm/contracts";
import { bytesChecksum } from "../weights/checksum.js";
import { readRecord, writeRecord, type ConversionRecord } from "../weights/conversion-record.js";
import { once } from "../weights/once.js";
import { findIntact, type PlaceOptions } from "../weights/place-weights.js";

/** Largest graph that is read; those of the 2.2B model have a megabyte. */
const MAX_GRAPH_BYTES = 2 ** 26;

/** A serialised graph with its weights in the store, as an earlier load left them. */
export interface KeptGraph {
  readonly model: Uint8Array;
  readonly externalData: readonly ExternalData[];
}

/** What is needed of the options of placing weights. */
type KeptOptions = Pick<PlaceOptions, "store" | "signal">;

/** The graph kept under `key`, if it and its weights still are what they were. */
export async function findKeptGraph(key: string, options: KeptOptions): Promise<KeptGraph | undefined> {
  const { store, signal } = options;
  const record = recordKey(key);
  const onnx = (await readRecord(store, record, { signal }))?.onnx;
  const file = onnx && (await store.get(onnx.key, { signal }));
  if (!file || file.size > MAX_GRAPH_BYTES) return undefined;
  const model = await file.read(0, file.size, { signal });
  if (bytesChecksum(model) !== onnx.checksum) return undefined;
  const weights = await findIntact(record, options);
  return weights && { model, externalData: [{ location: onnx.location, source: weights.source }] };
}

/**
 * Keeps a graph for the next load, which then does not build it: half of what loading converted weights takes besides the runtime's own work.
 *
 * @param record of its weights; that of the graph says the same, and where the graph is.
 */
export async function keepGraph(
  key: string,
  { model, externalData }: KeptGraph,
  record: ConversionRecord,
  { store, signal }: KeptOptions,
): Promise<void> {
  const onnx = { key: `${key}.onnx`, checksum: bytesChecksum(model), location: externalData[0]?.location ?? "" };
  await store.put(onnx.key, model.length, once(model), { signal });
  await writeRecord(store, recordKey(key), { ...record, onnx });
}

function recordKey(key: string): string {
  return `${key}.json`;
}
