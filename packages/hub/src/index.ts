export {
  AccessDeniedError,
  FileIntegrityError,
  HubError,
  NetworkError,
  OfflineError,
  RepositoryNotFoundError,
  RevisionNotFoundError,
  StorageError,
  type HubErrorInit,
} from "./errors.js";
export { memoryByteSource } from "./memory-byte-source.js";
export { memoryByteStore } from "./memory-byte-store.js";
export { memoryModelFiles } from "./memory-model-files.js";
export { parseModelReference, type ModelReference } from "./model-reference.js";
