import type { ByteSource, ReadOptions } from "./byte-source.js";

/** How far a long operation is. */
export interface ProgressEvent {
  /** What is being done: `download` of files, `convert` of weights, `load` into the backend, `vision` frames, `prefill` tokens. */
  readonly stage: "download" | "convert" | "load" | "vision" | "prefill";
  /** The file or part concerned, where there is one. */
  readonly name?: string | undefined;
  /** Done so far, in `unit`s. */
  readonly loaded: number;
  /** All there is to do, in `unit`s; exact from the first event on. */
  readonly total: number;
  readonly unit: "bytes" | "frames" | "tokens";
}

/** Called now and then with how far a long operation is; must not throw. */
export type OnProgress = (event: ProgressEvent) => void;

/** The files of one checkpoint, as a Hub repository or a folder holds them. */
export interface ModelFiles {
  /** What the user asked for: `org/name@revision`, a URL or a folder. For messages. */
  readonly id: string;
  /** Identifies the content: a commit hash, or for a folder one made of names, sizes and times. Cache keys use it. */
  readonly revision: string;
  /** Paths of all files, relative, with forward slashes. */
  list(options?: ReadOptions): Promise<readonly string[]>;
  /**
   * One file, fetched first where it is remote; undefined when the checkpoint does not have it.
   *
   * @throws ModelFileError when it exists and cannot be read.
   */
  open(path: string, options?: OpenOptions): Promise<ByteSource | undefined>;
  /** Fetches several files, with one progress total over all of them. Paths that do not exist are ignored. */
  prefetch(paths: readonly string[], options?: OpenOptions): Promise<void>;
}

/** Options of opening a model file. */
export interface OpenOptions extends ReadOptions {
  readonly onProgress?: OnProgress | undefined;
}
