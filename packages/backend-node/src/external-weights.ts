import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, sep } from "node:path";
import { BackendError, type ByteSource, type ExternalData, type SessionGraph } from "@smolvlm/contracts";
import { relocateExternalData, type Relocation } from "./relocate-external-data.js";

/** Weights that are not files are held in one array each; this is the longest that Node 20 can allocate. */
const MAX_BYTES_IN_MEMORY = 2 ** 32;
/** Weights put into the graph itself; ONNX Runtime takes at most 2 GiB of protobuf, and parsing it copies them. */
const MAX_BYTES_IN_GRAPH = 2 ** 30;
/** Bytes read at a time, so that reading can report and be aborted. */
const READ_BYTES = 64 * 2 ** 20;

/** A graph with its weights where ONNX Runtime finds them. */
export interface PlacedGraph {
  readonly model: Uint8Array<ArrayBuffer>;
  /** Folder that the graph's file locations are relative to. */
  readonly folder: string | undefined;
  readonly weights: readonly { readonly location: string; readonly data: Uint8Array<ArrayBuffer> }[];
}

/**
 * Prepares the weights of a graph: files stay on disk and are mapped, other sources are read.
 *
 * ONNX Runtime 1.30 refuses locations that leave the folder it is given, symbolic links included (and the Hugging Face cache is
 * made of those). So the graph is rewritten to name the real files, relative to the nearest folder they share. It also takes either
 * files or memory for all of a graph; where there are both, what is in memory moves into the graph.
 *
 * @param backend for messages.
 * @param onLoaded called with the bytes read so far.
 * @throws BackendError when a source is too large to be held in memory, or the graph is damaged.
 */
export async function placeExternalWeights(
  backend: string,
  graph: SessionGraph,
  onLoaded: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<PlacedGraph> {
  const files: { readonly location: string; readonly path: string }[] = [];
  const loose: ExternalData[] = [];
  for (const data of graph.externalData) {
    const path = data.source.path === undefined ? undefined : await realpath(data.source.path);
    // Files on another Windows drive share no folder with the first and cannot be mapped together with it.
    if (path === undefined || (files[0] && isAbsolute(relative(files[0].path, path)))) loose.push(data);
    else files.push({ location: data.location, path });
  }
  const folder = files.map(({ path }) => dirname(path)).reduce<string | undefined>(commonFolder, undefined);
  const limit = folder === undefined ? MAX_BYTES_IN_MEMORY : MAX_BYTES_IN_GRAPH;
  let loaded = 0;
  const weights = [];
  for (const { location, source } of loose) {
    if (source.size > limit) {
      const problem = `${location} has ${source.size} bytes, more than the ${limit} that can be used from memory here`;
      throw new BackendError(backend, `${problem}; save it to a local file.`);
    }
    weights.push({ location, data: await readAll(source, (bytes) => onLoaded((loaded += bytes)), signal) });
  }
  if (folder === undefined) return { model: graph.model.slice(), folder, weights };

  const relocations = new Map<string, Relocation>(weights.map(({ location, data }) => [location, { bytes: data }]));
  for (const { location, path } of files) {
    const found = relative(folder, path).split(sep).join("/");
    if (found !== location) relocations.set(location, { location: found });
  }
  return { model: relocateExternalData(graph.model, relocations), folder, weights: [] };
}

async function readAll(
  source: ByteSource,
  onRead: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const data = new Uint8Array(source.size);
  for (let offset = 0; offset < data.length; offset += READ_BYTES) {
    const piece = await source.read(offset, Math.min(READ_BYTES, data.length - offset), { signal });
    signal?.throwIfAborted();
    data.set(piece, offset);
    onRead(piece.length);
  }
  return data;
}

function commonFolder(first: string | undefined, second: string): string {
  if (first === undefined) return second;
  let folder = first;
  while (relative(folder, second).split(sep)[0] === "..") folder = dirname(folder);
  return folder;
}
