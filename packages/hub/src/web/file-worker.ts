import type {
  FromFileWorker,
  OpenFile,
  ReadCall,
  ToFileWorker,
  WorkerFile,
  WriteCall,
} from "./file-worker-messages.js";

/** The part of a worker's globals that is used. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent<ToFileWorker>) => void): void;
  addEventListener(type: "messageerror", listener: () => void): void;
  postMessage(message: FromFileWorker, moved?: readonly Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
let drafts: FileSystemDirectoryHandle;

scope.addEventListener("message", ({ data }) => void answer(data));
scope.addEventListener("messageerror", () => fail(0, new TypeError("file handles cannot be sent to a worker")));

async function answer(call: ToFileWorker): Promise<void> {
  const id = "id" in call ? call.id : 0;
  try {
    if ("drafts" in call) {
      drafts = call.drafts;
      await tryOut();
      scope.postMessage({ id });
    } else if ("file" in call) {
      const bytes = await read(call);
      scope.postMessage({ id, bytes }, [bytes.buffer]);
    } else {
      await write(call);
      scope.postMessage({ id });
    }
  } catch (error) {
    fail(id, error);
  }
}

function fail(id: number, error: unknown): void {
  const { name, message } = error as Error;
  scope.postMessage({ id, problem: { name, message } });
}

/** @throws where this browser cannot do all that is needed here: then the page goes its own, slower way. */
async function tryOut(): Promise<void> {
  const name = crypto.randomUUID();
  const file = await draft(name);
  (await openShared(file)).close();
  await file.move(drafts, `${name}.moved`);
  await drafts.removeEntry(`${name}.moved`);
}

/** Written under another name first, so that a name never shows part of a file. */
async function write({ folder, name, bytes, isLasting }: WriteCall): Promise<void> {
  const draftName = crypto.randomUUID();
  const file = await draft(draftName);
  try {
    const open = await file.createSyncAccessHandle();
    try {
      if (open.write(bytes, { at: 0 }) !== bytes.length) throw new DOMException("no room", "QuotaExceededError");
      if (isLasting) open.flush();
    } finally {
      open.close();
    }
    await file.move(folder, name).catch(async (error: unknown) => {
      // Another page has written the same, and may be reading it.
      const found = await folder.getFileHandle(name).then((other) => other.getFile());
      if (found.size !== bytes.length) throw error;
      await drafts.removeEntry(draftName);
    });
  } catch (error) {
    await drafts.removeEntry(draftName).catch(() => undefined);
    throw error;
  }
}

async function read({ file, start, length }: ReadCall): Promise<Uint8Array<ArrayBuffer>> {
  const open = await openShared(file as WorkerFile);
  try {
    const bytes = new Uint8Array(length);
    if (open.read(bytes, { at: start }) !== length) throw new RangeError(`${file.name} is too short`);
    return bytes;
  } finally {
    open.close();
  }
}

const draft = async (name: string): Promise<WorkerFile> =>
  (await drafts.getFileHandle(name, { create: true })) as WorkerFile;

/** Opens a file that others may read at the same time. @throws where the browser would keep them out. */
async function openShared(file: WorkerFile): Promise<OpenFile> {
  const open = await file.createSyncAccessHandle({ mode: "read-only" });
  if (open.mode === "read-only") return open;
  open.close();
  throw new TypeError("files cannot be opened by several at a time");
}
