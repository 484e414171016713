export { describeBackend } from "./describe-backend.js";
export type { BackendHelpers } from "./suite-context.js";
export { testGraph, type TestGraph } from "./test-graphs.js";
