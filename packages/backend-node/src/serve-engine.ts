import { BackendError, InvalidArgumentError } from "@smolvlm/contracts";
import type { MessagePort } from "node:worker_threads";
import type { EngineOperations, OperationName, RequestOf, RunReply } from "./engine-protocol.js";

/** One operation asked of an engine in another thread. */
export interface CallMessage {
  readonly id: number;
  readonly operation: OperationName;
  readonly request: RequestOf<OperationName>;
}

/** Its answer. */
export interface ReplyMessage {
  readonly id: number;
  readonly reply?: unknown;
  readonly failure?: Failure;
}

/** What an engine threw, in a form that survives structured cloning, which keeps neither the class nor the fields of an error. */
export type Failure =
  | { readonly type: "invalid argument"; readonly argument: string; readonly expected: string; readonly found: string }
  | { readonly type: "refused"; readonly backend: string; readonly problem: string }
  | { readonly type: "failed"; readonly error: unknown };

function describeFailure(error: unknown): Failure {
  if (InvalidArgumentError.isInstance(error)) {
    return { type: "invalid argument", argument: error.argument, expected: error.expected, found: error.found };
  }
  if (BackendError.isInstance(error)) {
    return { type: "refused", backend: error.backend, problem: error.message.slice(`${error.backend}: `.length) };
  }
  return { type: "failed", error };
}

/** The error that `failure` describes. */
export function restoreFailure(failure: Failure): unknown {
  if (failure.type === "invalid argument") return new InvalidArgumentError(failure);
  if (failure.type === "refused") return new BackendError(failure.backend, failure.problem);
  return failure.error;
}

/** Carries out the operations that arrive at `port` one at a time, in order. Outputs of runs are moved, not copied. */
export function serveEngine(engine: EngineOperations, port: MessagePort): void {
  let last = Promise.resolve();
  port.on("message", (message: CallMessage) => {
    last = last.then(() => answer(engine, port, message));
  });
}

async function answer(
  engine: EngineOperations,
  port: MessagePort,
  { id, operation, request }: CallMessage,
): Promise<void> {
  try {
    const reply: unknown = await (engine[operation] as (request: unknown) => Promise<unknown>)(request);
    const outputs = operation === "run" && reply ? Object.values((reply as RunReply).outputs) : [];
    port.postMessage({ id, reply } satisfies ReplyMessage, [
      ...new Set(outputs.map((output) => output.data.buffer as ArrayBuffer)),
    ]);
  } catch (error) {
    port.postMessage({ id, failure: describeFailure(error) } satisfies ReplyMessage);
  }
}
