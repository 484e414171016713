import type { ByteSource, ByteStore, ExternalData, OnProgress } from "@smolvlm/contracts";
import type { PartLocation } from "../graph/graph-builder.js";
import type { CheckpointTensor, Parameter } from "./checkpoint-tensor.js";
import { checksumOf, textChecksum } from "./checksum.js";
import { convertedStream, type ConversionReport } from "./converted-stream.js";
import { readRecord, writeRecord, type ConversionRecord, type Figures } from "./conversion-record.js";
import type { RowsConverter } from "./convert-rows.js";
import { layOut, type StoredLayout } from "./stored-layout.js";
import type { StoredParameter } from "./stored-parameter.js";
import type { WeightFormat } from "./weight-format.js";

/** Part of the key of stored weights; to be raised when the same key would hold other bytes. */
const LAYOUT_VERSION = 4;

/** What placing needs besides the weights. */
export interface PlaceOptions {
  /** Names the graph, in progress events and keys. */
  readonly name: string;
  /** Names the checkpoint, for messages and records. */
  readonly model: string;
  /** Identifies the content of the checkpoint. */
  readonly revision: string;
  /** Where the graph is to run. */
  readonly device: string;
  /** Of the package that converts. */
  readonly version: string;
  readonly store: ByteStore;
  readonly converter?: RowsConverter | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Weights where a backend finds them. */
export interface PlacedWeights {
  readonly externalData: readonly ExternalData[];
  /** Where a part is, by its name. */
  readonly locate: (part: string) => PartLocation;
  /** Of weights that the store had already. */
  readonly record?: ConversionRecord | undefined;
  /** Of weights that were converted now: they count only when they are accepted. */
  readonly conversion?: Conversion | undefined;
}

/** Weights that were converted now. */
interface Conversion {
  /** Notes that they are right. @returns the record; undefined where the store is a temporary one, which then forgets them. */
  accept(probe: Figures | undefined): Promise<ConversionRecord | undefined>;
  reject(): Promise<void>;
}

/**
 * Puts the weights of a graph where a backend can use them. Where all are in local files as the graph wants them, that is where they are:
 * the graph points into the safetensors files and nothing is copied. Otherwise they are converted, piece by piece, into one entry of the
 * store, which the next load finds there, unless the store is a temporary one, which forgets them when they are accepted. What the next load
 * finds is used only if it is complete, unchanged, and was accepted.
 *
 * @throws ModelFileError when the checkpoint cannot be read; QuantizationError when a format loses too much; the signal's reason when it is
 * aborted. Then nothing is stored.
 */
export async function placeWeights(stored: readonly StoredParameter[], options: PlaceOptions): Promise<PlacedWeights> {
  return (await findPlaced(stored, options)) ?? convertInto(entryOf(stored, options), stored, options);
}

/** Weights of a graph that lie where a backend can use them, in files of the checkpoint or in the store; undefined where they must be converted. */
export async function findPlaced(
  stored: readonly StoredParameter[],
  options: PlaceOptions,
): Promise<PlacedWeights | undefined> {
  const tensors = stored.map(asStored);
  // Files of a converted folder hold what one graph needs and little else; of others, only those on disk are used as they are: mapped, or in
  // a browser read tensor by tensor.
  const isInPlace = tensors.every((each) =>
    each?.every(({ file }) => Boolean(file.isConverted) || (file.source.path ?? file.source.stored) !== undefined),
  );
  if (isInPlace) return placeInFiles(stored, tensors as readonly (readonly CheckpointTensor[])[]);
  const entry = entryOf(stored, options);
  const known = await findIntact(entry.keys.record, options);
  return known?.record.size === entry.layout.size
    ? { ...placeInEntry(known.source, entry, options), record: known.record }
    : undefined;
}

/** The tensors of a checkpoint that already are the parts of a stored weight; undefined where it must be converted. */
function asStored({ parameters, format }: StoredParameter): readonly CheckpointTensor[] | undefined {
  const [parameter, ...others] = parameters;
  return parameter && others.length === 0 ? storedForm(parameter, format) : undefined;
}

/** The tensors in which a checkpoint has a weight as it is to be stored; undefined where it has not. */
export function storedForm(
  { numbers, forms }: Parameter,
  format: WeightFormat,
): readonly CheckpointTensor[] | undefined {
  if (format !== "fp32" && format !== "fp16") return forms.get(format);
  return numbers?.dtype === (format === "fp32" ? "F32" : "F16") ? [numbers] : undefined;
}

function placeInFiles(
  stored: readonly StoredParameter[],
  tensors: readonly (readonly CheckpointTensor[])[],
): PlacedWeights {
  const locations = new Map<string, PartLocation>();
  const sources = new Map<string, ByteSource>();
  stored.forEach(({ parts }, index) => {
    parts.forEach(({ name }, part) => {
      const { file, offset, byteLength } = tensors[index]?.[part] as CheckpointTensor;
      sources.set(file.file, file.source);
      locations.set(name, { location: file.file, offset, length: byteLength });
    });
  });
  const externalData = [...sources].map(([location, source]) => ({ location, source }));
  return { externalData, locate: (part) => locations.get(part) as PartLocation };
}

/** Where the store has the weights of a graph. */
interface StoreEntry {
  readonly keys: { readonly weights: string; readonly record: string };
  readonly formats: readonly WeightFormat[];
  readonly layout: StoredLayout;
}

function entryOf(stored: readonly StoredParameter[], options: PlaceOptions): StoreEntry {
  const used = [...new Set(stored.map(({ format }) => format))];
  // Norms are fp32 whatever the matrices are.
  const formats = used.length > 1 ? used.filter((format) => format !== "fp32") : used;
  const id = `${options.device}-${fingerprint(stored)}-v${LAYOUT_VERSION}-${options.version}`;
  const key = `${options.revision}/${options.name}-${formats.join("-")}-${id}`;
  return { keys: { weights: `${key}.weights`, record: `${key}.json` }, formats, layout: layOut(stored) };
}

function placeInEntry(source: ByteSource, { layout }: StoreEntry, { name }: PlaceOptions): PlacedWeights {
  // A graph that calls a file by its own name is not rewritten for ONNX Runtime to find it.
  const location = source.path?.split(/[/\\]/).pop() ?? `${name}.weights`;
  return {
    externalData: [{ location, source }],
    locate: (part) => ({ location, ...(layout.places.get(part) as Omit<PartLocation, "location">) }),
  };
}

async function convertInto(
  entry: StoreEntry,
  stored: readonly StoredParameter[],
  options: PlaceOptions,
): Promise<PlacedWeights> {
  const { keys, formats, layout } = entry;
  const { name, store, signal } = options;
  let report: ConversionReport | undefined;
  const pieces = convertedStream(stored, layout, { ...options, onReport: (made) => (report = made) });
  const source = await store.put(keys.weights, layout.size, pieces, { signal });
  return {
    ...placeInEntry(source, entry, options),
    conversion: {
      async accept(probe) {
        if (store.isTemporary) {
          await store.delete(keys.weights);
          return undefined;
        }
        const { model, revision, device, version } = options;
        const about = { model, revision, graph: name, formats, device, version };
        const { size, modified } = source;
        // A store may have found that another page wrote the same meanwhile, and then nothing was converted here.
        report ??= { worst: {}, checksum: await checksumOf(source) };
        const record = { ...about, weights: keys.weights, size, modified, ...report, probe };
        await writeRecord(store, keys.record, record);
        return record;
      },
      reject: () => store.delete(keys.weights),
    },
  };
}

/** Weights that were stored and accepted before, if they still are what they were, by the key of a record of them. */
export async function findIntact(
  key: string,
  { store, signal }: Pick<PlaceOptions, "store" | "signal">,
): Promise<{ readonly record: ConversionRecord; readonly source: ByteSource } | undefined> {
  const record = await readRecord(store, key, { signal });
  // Weights without a record may be another process's that is about to accept them: they are replaced, not deleted under it.
  const source = record && (await store.get(record.weights, { signal }));
  if (!source) return undefined;
  const isWhole = source.size === record.size;
  if (isWhole && source.modified !== undefined && source.modified === record.modified) return { record, source };
  // Something touched them, or the store cannot tell.
  if (!isWhole || (await checksumOf(source, { signal })) !== record.checksum) {
    await store.delete(record.weights);
    return undefined;
  }
  if (source.modified !== undefined) await noteTime(store, key, record, source.modified);
  return { record, source };
}

/** Saves the next load the checksum. It is not needed, so that a store that cannot be written is none the worse. */
async function noteTime(store: ByteStore, key: string, record: ConversionRecord, modified: number): Promise<void> {
  await writeRecord(store, key, { ...record, modified }).catch(() => undefined);
}

/** Over what is stored, so that entries of other formats or models get other keys. */
function fingerprint(stored: readonly StoredParameter[]): string {
  return textChecksum(stored.flatMap(({ parts }) => parts.map(({ name, dims }) => `${name}[${dims.join()}]`)).join());
}
