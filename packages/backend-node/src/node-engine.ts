import { createEngine, type EngineOperations } from "@smolvlm/backend-common";
import * as ort from "onnxruntime-node";
import type { EngineOptions } from "./engine-options.js";
import { sessionOptions } from "./session-options.js";

/** An engine on onnxruntime-node, in this thread. */
export function nodeEngine(options: EngineOptions): EngineOperations {
  return createEngine({ name: "onnxruntime-node", ort, sessionOptions: (request) => sessionOptions(options, request) });
}
