import { describeFailure, type CallMessage, type EngineOperations, type RunReply } from "@smolvlm/backend-common";
import { DeviceLostError } from "./device-lost-error.js";
import { webEngine } from "./web-engine.js";
import type { FromWorker, ToWorker } from "./worker-messages.js";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
let engine: Promise<EngineOperations> | undefined;

scope.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if ("options" in data) {
    engine = webEngine(data.options);
    // A build of ONNX Runtime that cannot be loaded is told by the first call.
    engine.catch(() => undefined);
  } else {
    void answer(data);
  }
});

async function answer({ id, operation, request }: CallMessage): Promise<void> {
  try {
    const run = (await (engine as Promise<EngineOperations>))[operation] as (request: unknown) => Promise<unknown>;
    const reply = await run(request);
    const outputs = operation === "run" && reply ? Object.values((reply as RunReply).outputs) : [];
    const moved = new Set(outputs.map((output) => output.data.buffer as ArrayBuffer));
    scope.postMessage({ id, reply } satisfies FromWorker, [...moved]);
  } catch (error) {
    const lost = DeviceLostError.isInstance(error) ? { lost: error.reason } : {};
    scope.postMessage({ id, failure: describeFailure(error), ...lost } satisfies FromWorker);
  }
}
