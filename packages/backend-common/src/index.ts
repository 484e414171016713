export { type AdviceFor } from "./as-backend-error.js";
export type { Later } from "./array-key-values.js";
export { createEngine, type EngineRuntime, type OnnxRuntime } from "./engine.js";
export { engineBackend, type EngineBackendParts } from "./engine-backend.js";
export {
  describeFailure,
  restoreFailure,
  type CallMessage,
  type Failure,
  type ReplyMessage,
} from "./engine-messages.js";
export {
  runPhase,
  type CacheState,
  type CreateRequest,
  type EngineLink,
  type EngineOperations,
  type InputInfo,
  type OperationName,
  type ReplyOf,
  type RequestOf,
  type RunReply,
  type RunRequest,
  type SessionInfo,
} from "./engine-protocol.js";
export { inlineLink } from "./inline-link.js";
export { KeyValueRows } from "./key-value-rows.js";
export { pastName, presentName, type KeyValues } from "./key-values.js";
export { owningRequest } from "./owning-request.js";
