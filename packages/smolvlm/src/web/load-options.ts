import type { WebBackendOptions } from "@smolvlm/backend-web";
import type { CommonLoadOptions } from "../load-smolvlm.js";
import type { FilesOptions as CommonFilesOptions } from "../runtime.js";

/** How to find a model's files, and whether the browser keeps them. */
export interface FilesOptions extends CommonFilesOptions {
  /**
   * Whether what is downloaded and converted is kept in the browser, so that the next load needs no network; true when absent. With false,
   * weights may pass through its private file system while the model is loaded, and are deleted there when it is.
   */
  readonly keep?: boolean | undefined;
  /** Told why files or converted weights stay in memory where they should have been kept: no room, or a browser that does not let the page. */
  readonly onFallback?: ((reason: string) => void) | undefined;
}

/** Where and with how much of the machine to run, and where ONNX Runtime's files are. */
export type DeviceOptions = Pick<WebBackendOptions, "device" | "threads" | "wasmPaths" | "worker">;

/** Options of loading a model. */
export interface LoadOptions extends CommonLoadOptions, FilesOptions, DeviceOptions {}
