export { blobByteSource } from "./blob-byte-source.js";
export {
  browserByteStore,
  cacheByteStore,
  opfsByteStore,
  type BrowserByteStore,
  type BrowserByteStoreOptions,
} from "./browser-byte-store.js";
export { chosenModelFiles, directoryModelFiles } from "./local-model-files.js";
export { openModel, type OpenModelOptions, type WebModelReference } from "./open-model.js";
export {
  clearStored,
  listStored,
  measureStored,
  persistStored,
  type StoredModel,
  type StoredSize,
} from "./stored-models.js";
export type { WebRequestOptions } from "./web-settings.js";
