import { describe } from "./describe.js";

describe({ device: "wasm" }).then(
  (text) => postMessage(text),
  (error: unknown) => postMessage(`failed: ${error instanceof Error ? error.message : String(error)}`),
);
