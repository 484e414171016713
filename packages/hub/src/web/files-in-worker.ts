import type { FromFileWorker, ReadCall, ToFileWorker, WriteCall } from "./file-worker-messages.js";
import { temporaryFolder } from "./temporary-folder.js";

export { temporaryFolder };

/** Milliseconds between attempts to remove what somebody is reading, and the most of them: as long as loading a model takes. */
const REMOVAL = { pause: 100, attempts: 300 } as const;

/** Files of the origin's private file system, read and written in a worker: several times as fast as a page can. */
export interface FileWorker {
  /** @throws DOMException: what the browser threw there. */
  write(call: WriteCall): Promise<void>;
  /** @throws DOMException: what the browser threw there. */
  read(call: ReadCall): Promise<Uint8Array<ArrayBuffer>>;
}

let opened: Promise<FileWorker | undefined> | undefined;

/**
 * The worker of this page, for as long as the page; undefined where its script cannot be loaded (a bundler that left it out, a content
 * security policy) or the browser cannot do what it does.
 */
export function fileWorker(): Promise<FileWorker | undefined> {
  return (opened ??= open().catch(() => undefined));
}

/** Writes a file whole: in the worker, or where there is none through the browser's swap files. @throws what the browser throws. */
export async function writeFile(call: WriteCall): Promise<void> {
  const worker = await fileWorker();
  if (worker) return worker.write(call);
  const { folder, name, bytes } = call;
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  try {
    await stream.write(bytes);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => undefined);
    // Asking for the handle has made an empty file.
    await folder.removeEntry(name).catch(() => undefined);
    throw error;
  }
}

/** The bytes `[start, end)` of a file; undefined where the worker cannot read them. */
export async function readFile(
  file: FileSystemFileHandle,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const worker = await fileWorker();
  return worker?.read({ file, start, length: end - start }).catch(() => undefined);
}

/** Removes a file or folder, as soon as no worker reads it any more. @throws what the browser throws. */
export async function removeWhenFree(parent: FileSystemDirectoryHandle, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await parent.removeEntry(name, { recursive: true });
    } catch (error) {
      if ((error as Error).name !== "NoModificationAllowedError" || attempt >= REMOVAL.attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, REMOVAL.pause));
    }
  }
}

async function open(): Promise<FileWorker> {
  const drafts = await temporaryFolder();
  // Written in one expression, as bundlers look for it.
  const worker = new Worker(new URL("./file-worker.js", import.meta.url), { type: "module" });
  const waiting = new Map<number, { resolve(answer: FromFileWorker): void; reject(problem: unknown): void }>();
  let lastId = -1;
  worker.onmessage = ({ data }: MessageEvent<FromFileWorker>) => {
    const { id, problem } = data;
    if (problem) waiting.get(id)?.reject(new DOMException(problem.message, problem.name));
    else waiting.get(id)?.resolve(data);
    waiting.delete(id);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    opened = Promise.resolve(undefined);
    for (const { reject } of waiting.values()) reject(new DOMException(`the worker failed: ${event.message}`));
    waiting.clear();
  };
  const call = (message: object): Promise<FromFileWorker> =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      worker.postMessage({ id, ...message } as ToFileWorker);
      waiting.set(id, { resolve, reject });
    });
  await call({ drafts }).catch((problem: unknown) => {
    worker.terminate();
    throw problem;
  });
  return {
    write: async (message) => void (await call(message)),
    read: async (message) => (await call(message)).bytes as Uint8Array<ArrayBuffer>,
  };
}
