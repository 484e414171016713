/** A worker that opens stored bytes, as the engine's does. The files and the blob have different bytes, to tell which were read. */
import { openStored } from "../stored-bytes.js";

/** What is stored, and who else has it open. */
export interface StoredRequest {
  /** Bytes of each file; the first has zeros, the second ones, and so on. */
  readonly sizes: readonly number[];
  /** Bytes of the blob, which are 99. */
  readonly blobSize: number;
  /** How somebody else has the last file open. */
  readonly other?: "alone" | "alone for a moment" | "beside others";
  /** Whether the browser opens every file for one alone, as those do that know no modes. */
  readonly hasNoModes?: boolean;
  readonly ranges: readonly (readonly [start: number, end: number])[];
}

/** What was read. */
export interface StoredReport {
  readonly parts: readonly (readonly number[])[];
  readonly byteLength: number;
  /** Whether all files can be opened alone afterwards, so that nothing is left open. */
  readonly isClosed: boolean;
  readonly problems: number;
}

interface OpenFile {
  truncate(size: number): void;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  close(): void;
}
type WorkerFile = FileSystemFileHandle & {
  createSyncAccessHandle(options?: { readonly mode: string }): Promise<OpenFile>;
};

async function readStored({ sizes, blobSize, other, hasNoModes, ranges }: StoredRequest): Promise<StoredReport> {
  const root = await navigator.storage.getDirectory();
  const files: WorkerFile[] = [];
  for (const [index, size] of sizes.entries()) {
    const file = (await root.getFileHandle(String(index), { create: true })) as WorkerFile;
    const open = await file.createSyncAccessHandle();
    open.truncate(size);
    open.write(new Uint8Array(size).fill(index), { at: 0 });
    open.close();
    files.push(file);
  }
  const held =
    other &&
    (await (files.at(-1) as WorkerFile).createSyncAccessHandle(
      other === "beside others" ? { mode: "read-only" } : undefined,
    ));
  if (other === "alone for a moment") setTimeout(() => held?.close(), 50);
  if (hasNoModes) {
    const prototype = FileSystemFileHandle.prototype as WorkerFile;
    const { createSyncAccessHandle } = prototype;
    prototype.createSyncAccessHandle = function () {
      return createSyncAccessHandle.call(this);
    };
  }
  let problems = 0;
  const blob = new Blob([new Uint8Array(blobSize).fill(99)]);
  const { data, close } = await openStored({ blob, files }, () => problems++);
  const parts = ranges.map(([start, end]) => [...data.subarray(start, end)]);
  const { byteLength } = data;
  close();
  held?.close();
  const opened = await Promise.allSettled(files.map((file) => file.createSyncAccessHandle()));
  for (const each of opened) if (each.status === "fulfilled") each.value.close();
  return { parts, byteLength, isClosed: opened.every(({ status }) => status === "fulfilled"), problems };
}

const scope = globalThis as unknown as {
  onmessage(event: MessageEvent<StoredRequest>): void;
  postMessage(report: StoredReport): void;
};
scope.onmessage = ({ data }) => void readStored(data).then((report) => scope.postMessage(report));
