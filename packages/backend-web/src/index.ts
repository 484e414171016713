export { DeviceLostError } from "./device-lost-error.js";
export type { WasmPaths, WebDevice } from "./engine-options.js";
export { webBackend, type WebBackend, type WebBackendOptions } from "./web-backend.js";
