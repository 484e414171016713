export type {
  Backend,
  ExternalData,
  KeyValueCache,
  KeyValueCacheLayout,
  QuantizedMatMul,
  RunOptions,
  Session,
  SessionGraph,
  SessionOptions,
  Target,
} from "./backend.js";
export type { ByteSource, ByteStore, ReadOptions, StoredBytes, StoredFile } from "./byte-source.js";
export {
  BackendError,
  ConfigError,
  DisposedError,
  InvalidArgumentError,
  MediaError,
  ModelFileError,
  SmolVLMError,
} from "./errors.js";
export type { ModelFiles, OnProgress, OpenOptions, ProgressEvent } from "./model-files.js";
export type { FrameFeed, ModelInputs } from "./model-inputs.js";
export type { RawImage } from "./raw-image.js";
export { tensor, type DataType, type Tensor, type TensorDataMap } from "./tensor.js";
