import type { StoredBytes, StoredFile } from "@smolvlm/contracts";

/** The part of a `FileSystemSyncAccessHandle` that is used, with the mode, which TypeScript does not know. */
interface OpenFile {
  readonly mode?: string | undefined;
  getSize(): number;
  read(bytes: Uint8Array, options: { readonly at: number }): number;
  close(): void;
}

/** The parts of a worker that a page does not have. */
interface WorkerScope {
  readonly FileReaderSync: new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer };
}
interface WorkerFile {
  createSyncAccessHandle(options: { readonly mode: "read-only" }): Promise<OpenFile>;
}

/** Stored bytes that a worker has opened. */
export interface OpenBytes {
  /**
   * The bytes as ONNX Runtime takes external data: an array that it asks for the part of one tensor after the other, and copies each before it
   * asks for the next. Each is read only then, so that no weight is in memory beside its copy in ONNX Runtime's own.
   */
  readonly data: Uint8Array<ArrayBuffer>;
  close(): void;
}

/**
 * Opens what the browser keeps, for reading without waiting, which only a worker can: its files, or where they cannot be opened beside
 * others who read them, its blob.
 *
 * @param onProblem called when a part cannot be read, since ONNX Runtime tells nothing of the reason.
 */
export async function openStored(
  { blob, files = [] }: StoredBytes,
  onProblem: (problem: unknown) => void,
): Promise<OpenBytes> {
  const open = await openAll(files);
  const read = open.length > 0 ? filesReader(open) : blobReader(blob);
  function subarray(start = 0, end = blob.size): Uint8Array<ArrayBuffer> {
    try {
      return read(start, end);
    } catch (problem) {
      onProblem(problem);
      throw problem;
    }
  }
  const data = Object.defineProperties(new Uint8Array(0), {
    byteLength: { value: blob.size },
    subarray: { value: subarray },
  });
  return { data, close: () => open.forEach((file) => file.close()) };
}

type Read = (start: number, end: number) => Uint8Array<ArrayBuffer>;

/** Milliseconds between attempts to open a file, and the most of them. */
const OPENING = { pause: 20, attempts: 6 } as const;

/** A file; undefined where it cannot be opened. Another page that stores the same model has it alone for a moment, and lets it go. */
async function openOne(file: WorkerFile): Promise<OpenFile | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await file.createSyncAccessHandle({ mode: "read-only" });
    } catch (error) {
      if ((error as Error).name !== "NoModificationAllowedError" || attempt >= OPENING.attempts) return undefined;
      await new Promise((resolve) => setTimeout(resolve, OPENING.pause));
    }
  }
}

/** All files, opened as several may at a time; none where one cannot be. */
async function openAll(files: readonly StoredFile[]): Promise<readonly OpenFile[]> {
  const open = await Promise.all((files as unknown as readonly WorkerFile[]).map(openOne));
  // A browser that does not know the mode has opened them for this worker alone: other pages of the site could not load.
  if (open.every((file) => file?.mode === "read-only")) return open as readonly OpenFile[];
  for (const file of open) file?.close();
  return [];
}

function filesReader(files: readonly OpenFile[]): Read {
  // One memory for all parts: to get new pages for each takes longer than to read it.
  let memory = new Uint8Array(0);
  const sized = files.map((file) => ({ file, size: file.getSize() }));
  return (start, end) => {
    if (memory.length < end - start) memory = new Uint8Array(end - start);
    const part = memory.subarray(0, end - start);
    let filled = 0;
    let at = start;
    for (const { file, size } of sized) {
      // Beyond the end of a file nothing is read, and what is wanted of the next begins where this one ends.
      if (at < size && filled < part.length) filled += file.read(part.subarray(filled), { at });
      at = Math.max(at, size) - size;
    }
    if (filled < part.length) throw new RangeError("too short");
    return part;
  };
}

function blobReader(blob: Blob): Read {
  const reader = new (globalThis as unknown as WorkerScope).FileReaderSync();
  return (start, end) => new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, end)));
}
