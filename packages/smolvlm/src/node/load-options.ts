import type { CommonLoadOptions } from "../load-smolvlm.js";
import type { FilesOptions as CommonFilesOptions } from "../runtime.js";

/** How to find a model's files. */
export interface FilesOptions extends CommonFilesOptions {
  /** Where downloaded files are kept; by default the cache that Python's `huggingface_hub` uses. */
  readonly cacheDir?: string | undefined;
}

/** Where and with how much of the machine to run. */
export interface DeviceOptions {
  /** Where kernels run; `cpu` by default. */
  readonly device?: "cpu" | "cuda" | "webgpu" | "coreml" | "dml" | undefined;
  /** Threads of one operator; by default the physical cores. */
  readonly threads?: number | undefined;
}

/** Options of loading a model. */
export interface LoadOptions extends CommonLoadOptions, FilesOptions, DeviceOptions {}
