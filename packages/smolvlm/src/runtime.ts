import type { Backend, ByteStore, ModelFiles, OpenOptions } from "@smolvlm/contracts";
import type { ImageDecoder } from "@smolvlm/image-processor";
import type { RowsConverter } from "@smolvlm/model-core";
import type { VideoDecoder } from "@smolvlm/video-processor";
import type { BackendFacts } from "./device-report.js";

/** How to find a model's files. */
export interface FilesOptions extends OpenOptions {
  /** Branch, tag or commit, where the reference names none. */
  readonly revision?: string | undefined;
  /** Access token for gated or private repositories. */
  readonly token?: string | undefined;
  /** Address of the Hub or of a mirror of it; `https://huggingface.co` when absent. */
  readonly endpoint?: string | undefined;
  /** Use only what is in the cache. */
  readonly offline?: boolean | undefined;
}

/** What a platform brings. The package's entries for Node and for browsers pass their own; nothing else is different between platforms. */
export interface Runtime<Reference, Options> {
  openFiles(reference: Reference, options: Options): Promise<ModelFiles>;
  createBackend(options: Options): (Backend & BackendFacts) | Promise<Backend & BackendFacts>;
  createImageDecoder(): ImageDecoder;
  createVideoDecoder(): VideoDecoder | Promise<VideoDecoder>;
  /** Where converted weights are kept. */
  createStore(options: Options): ByteStore;
  /** Converts weights where the user does not feel it. */
  createConverter(): RowsConverter & AsyncDisposable;
}
