import { BackendError, InvalidArgumentError } from "@smolvlm/contracts";
import type { OperationName, RequestOf } from "./engine-protocol.js";

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

/** What `error` is, without its class. */
export function describeFailure(error: unknown): Failure {
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
