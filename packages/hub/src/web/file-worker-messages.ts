/** The part of a `FileSystemSyncAccessHandle` that is used; TypeScript's `DOM` is that of pages, which have none. */
export interface OpenFile {
  /** Absent in browsers that open a file for one alone. */
  readonly mode?: string | undefined;
  read(bytes: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}

/** A file of the origin's private file system, as a worker has it. */
export interface WorkerFile extends FileSystemFileHandle {
  createSyncAccessHandle(options?: { readonly mode: "read-only" }): Promise<OpenFile>;
  /** Gives it a place and a name, those of another file among them. */
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** To write a file whole. */
export interface WriteCall {
  readonly folder: FileSystemDirectoryHandle;
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it must be on the disk before it has its name, as what outlives the page must. */
  readonly isLasting: boolean;
}

/** To read `length` bytes of a file, from `start` on. */
export interface ReadCall {
  readonly file: FileSystemFileHandle;
  readonly start: number;
  readonly length: number;
}

/** What a page says to the worker: first where drafts are written, then calls. */
export type ToFileWorker =
  { readonly drafts: FileSystemDirectoryHandle } | ({ readonly id: number } & (WriteCall | ReadCall));

/** What the worker answers. */
export interface FromFileWorker {
  /** Of the call; 0 for the first message. */
  readonly id: number;
  readonly bytes?: Uint8Array<ArrayBuffer> | undefined;
  /** Why it could not be done. */
  readonly problem?: { readonly name: string; readonly message: string } | undefined;
}
