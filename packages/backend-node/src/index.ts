export { availableDevices, type AvailableDevice } from "./available-devices.js";
export type { NodeDevice } from "./engine-options.js";
export { nodeBackend, type NodeBackendOptions } from "./node-backend.js";
