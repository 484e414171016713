/** The script of the test page: what a browser test calls. Bytes travel as sums, since what a page can be told is JSON. */
import { SmolVLMError, type ByteStore, type ModelFiles, type ProgressEvent } from "@smolvlm/contracts";
import { browserByteStore, cacheByteStore, opfsByteStore } from "../browser-byte-store.js";
import { opfsPieceStore } from "../opfs-piece-store.js";
import { openModel, type OpenModelOptions, type WebModelReference } from "../open-model.js";
import { readPiece } from "../piece-files.js";
import { clearStored, listStored, measureStored } from "../stored-models.js";

/** What to open, and what to read of it. */
export interface ReadRequest {
  readonly reference: string;
  readonly options?: Omit<OpenModelOptions, "signal" | "onProgress" | "fetch">;
  /** Files to fetch first. */
  readonly prefetch?: readonly string[];
  /** File, offset and length of each read. */
  readonly reads?: readonly (readonly [path: string, offset: number, length: number])[];
  /** Ranges to be held of `model.safetensors`: offset and length. */
  readonly hold?: readonly (readonly [offset: number, length: number])[];
  /** Milliseconds after which the whole is aborted. */
  readonly abortAfter?: number;
}

/** What came of it. */
export interface ReadReport {
  readonly id: string;
  readonly revision: string;
  readonly list: readonly string[];
  /** SHA-256 of each read; undefined where there is no such file. */
  readonly hashes: readonly (string | undefined)[];
  readonly progress: readonly Pick<ProgressEvent, "loaded" | "total">[];
  readonly fallbacks: readonly string[];
  readonly error?: { readonly name: string; readonly message: string };
}

async function read(request: ReadRequest): Promise<ReadReport> {
  return report(request.reference, { ...request.options }, request);
}

/** Opens what is in a folder of the origin's private file system, by handle or as a list of files. */
async function readLocal(request: ReadRequest & { readonly as: "directory" | "files" }): Promise<ReadReport> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(request.reference, { create: true });
  const files: File[] = [];
  for (const [name, text] of Object.entries({ "config.json": "{}", "model.safetensors": "weights" })) {
    const handle = await folder.getFileHandle(name, { create: true });
    const stream = await handle.createWritable();
    await stream.write(text);
    await stream.close();
    files.push(await handle.getFile());
  }
  return report(request.as === "directory" ? folder : files, {}, request);
}

async function report(
  reference: WebModelReference,
  options: OpenModelOptions,
  { prefetch, hold = [], reads = [], abortAfter }: Omit<ReadRequest, "reference" | "options">,
): Promise<ReadReport> {
  const progress: Pick<ProgressEvent, "loaded" | "total">[] = [];
  const fallbacks: string[] = [];
  const hashes: (string | undefined)[] = [];
  const signal = abortAfter === undefined ? undefined : AbortSignal.timeout(abortAfter);
  const onProgress = ({ loaded, total }: ProgressEvent): void => void progress.push({ loaded, total });
  let files: ModelFiles | undefined;
  let list: readonly string[] = [];
  try {
    files = await openModel(reference, {
      ...options,
      signal,
      onProgress,
      onFallback: (reason) => fallbacks.push(reason),
    });
    list = await files.list();
    for (const range of hold) (await files.open("model.safetensors", { signal }))?.hold?.(...range);
    if (prefetch) await files.prefetch(prefetch, { signal });
    for (const [path, offset, length] of reads) {
      const source = await files.open(path, { signal });
      hashes.push(source && (await sha256(await source.read(offset, length, { signal }))));
    }
  } catch (error) {
    const { name, message } = error as Error;
    const about = { id: files?.id ?? "", revision: files?.revision ?? "", list, hashes, progress, fallbacks };
    return { ...about, error: { name: SmolVLMError.isInstance(error) ? error.name : name, message } };
  }
  return { id: files.id, revision: files.revision, list, hashes, progress, fallbacks };
}

/** Puts `count` pieces of `bytes` each, and reads the entry back through a second store. */
async function putAndGet(request: {
  readonly kind: "browser" | "opfs" | "cache";
  readonly keep?: boolean;
  readonly key: string;
  readonly count: number;
  readonly bytes: number;
  /** The piece before which the writing fails. */
  readonly failAt?: number;
  /** Length announced, where it is not that of the pieces. */
  readonly announced?: number;
}) {
  const make = { browser: browserByteStore, opfs: opfsByteStore, cache: cacheByteStore }[request.kind];
  const fallbacks: string[] = [];
  const store = make({ onFallback: (reason) => fallbacks.push(reason), keep: request.keep });
  const size = request.count * request.bytes;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < request.count; index++) {
      if (index === request.failAt) throw new DOMException("broke off", "DataError");
      yield new Uint8Array(request.bytes).fill(index + 1);
    }
  }
  const problem = await store.put(request.key, request.announced ?? size, pieces()).then(
    () => undefined,
    (error: Error) => error.name,
  );
  const { kind, fallbackReason } = store;
  const again = make({ keep: request.keep });
  const stored = await (await store.get(request.key))?.stored?.();
  return {
    kind,
    fallbackReason,
    fallbacks,
    problem,
    files: stored?.files?.length,
    own: await check(store, request),
    later: await check(again, request),
  };
}

/** Whether the entry is there, and each of its pieces has the right bytes; its length. */
async function check(store: ByteStore, { key, count, bytes }: { key: string; count: number; bytes: number }) {
  const source = await store.get(key);
  if (!source) return undefined;
  for (let index = 0; index < count; index++) {
    const piece = await source.read(index * bytes, bytes);
    if (!piece.every((value) => value === index + 1)) return "other bytes";
  }
  return source.size;
}

/** Names of files and folders in the origin's private file system, sorted: those of a folder of it, or all. */
async function listFiles(path: readonly string[] = []): Promise<readonly string[]> {
  let folder = await navigator.storage.getDirectory();
  for (const name of path) folder = await folder.getDirectoryHandle(name);
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names.sort();
}

/** Makes a folder of the origin's private file system, with a file in it. */
async function makeFolder(path: readonly string[]): Promise<void> {
  let folder = await navigator.storage.getDirectory();
  for (const name of path) folder = await folder.getDirectoryHandle(name, { create: true });
  await folder.getFileHandle("file", { create: true });
}

/** Reads a model's pieces in a worker, as one that loads it does, and has them open for some milliseconds. */
async function holdOpen({ model, forMs }: { readonly model: string; readonly forMs: number }): Promise<number> {
  const script = `onmessage = async ({ data: { model, forMs } }) => {
    const open = [];
    async function visit(folder) {
      for await (const handle of folder.values()) {
        if (handle.kind === "directory") await visit(handle);
        else open.push(await handle.createSyncAccessHandle({ mode: "read-only" }));
      }
    }
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("smolvlm");
    await visit(await root.getDirectoryHandle(model));
    postMessage(open.length);
    setTimeout(() => open.forEach((file) => file.close()), forMs);
  };`;
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
    worker.postMessage({ model, forMs });
  });
}

/** Looks up the first piece, has the others put in its place, or deletes it where there are none, and reads what was looked up: its middle, or why not. */
async function readReplaced(pieces: readonly (readonly number[])[]): Promise<readonly number[] | string> {
  const store = await opfsPieceStore();
  const address = { model: "model", entry: "entry", piece: "0" };
  const [first, ...others] = pieces.map((piece) => Uint8Array.from(piece));
  await store.write(address, first as Uint8Array<ArrayBuffer>);
  const found = (await store.read(address)) as Blob;
  for (const bytes of others) await store.write(address, bytes);
  if (others.length === 0) await store.remove(address.model);
  return readPiece(found, 1, 3, "a piece").then(
    (bytes) => [...bytes],
    (error: unknown) => (error as Error).message,
  );
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

Object.assign(globalThis, {
  smolvlmTest: {
    read,
    readLocal,
    readReplaced,
    putAndGet,
    listFiles,
    makeFolder,
    holdOpen,
    listStored,
    measureStored,
    clearStored,
  },
});
