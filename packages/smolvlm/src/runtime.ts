import type { Backend, ByteStore, ModelFiles, OpenOptions } from "@smolvlm/contracts";
import type { ImageDecoder } from "@smolvlm/image-processor";
import type { VideoDecoder } from "@smolvlm/video-processor";

/** How to find a model's files. */
export interface FilesOptions extends OpenOptions {
  /** Branch, tag or commit, where the reference names none. */
  readonly revision?: string | undefined;
  /** Access token for gated or private repositories. */
  readonly token?: string | undefined;
  /** Where downloaded files are kept; by default the cache that Python's `huggingface_hub` uses. */
  readonly cacheDir?: string | undefined;
  /** Use only what is in the cache. */
  readonly offline?: boolean | undefined;
}

/** Where and with how much of the machine to run. */
export interface DeviceOptions {
  /** Where kernels run; `cpu` by default. */
  readonly device?: "cpu" | "cuda" | "webgpu" | "coreml" | "dml" | undefined;
  /** Threads of one operator; by default the physical cores. */
  readonly threads?: number | undefined;
}

/** What a platform brings. The package's entry for Node passes its own; nothing else is different between platforms. */
export interface Runtime {
  openFiles(reference: string, options: FilesOptions): Promise<ModelFiles>;
  createBackend(options: DeviceOptions): Backend;
  createImageDecoder(): ImageDecoder;
  createVideoDecoder(): VideoDecoder;
  /** Where converted weights are kept. */
  createStore(): ByteStore;
}
