import { createEngine, type EngineOperations, type Later } from "@smolvlm/backend-common";
import * as ort from "onnxruntime-node";
import type { EngineOptions } from "./engine-options.js";
import { sessionOptions } from "./session-options.js";

/**
 * An engine on onnxruntime-node, in this thread.
 *
 * @param later when it does what the reply to a run need not wait for; at once by default.
 */
export function nodeEngine(options: EngineOptions, later?: Later): EngineOperations {
  return createEngine({
    name: "onnxruntime-node",
    ort,
    sessionOptions: (request) => sessionOptions(options, request),
    later,
  });
}
