import { engineBackend, inlineLink } from "@smolvlm/backend-common";
import { InvalidArgumentError, type Backend } from "@smolvlm/contracts";
import { adviceFor } from "./advice-for.js";
import type { EngineOptions, NodeDevice } from "./engine-options.js";
import { placeExternalWeights } from "./external-weights.js";
import { quantizedMatMul } from "./quantized-mat-mul.js";
import { physicalCores } from "./physical-cores.js";
import { workerLink } from "./worker-link.js";

/** Options of {@link nodeBackend}. */
export interface NodeBackendOptions {
  /** Where kernels run; `cpu` by default. Others need an onnxruntime-node that has them, which is checked by `createSession`. */
  readonly device?: NodeDevice | undefined;
  /** Threads of one operator, at least 1; by default the physical cores this process may use. */
  readonly threads?: number | undefined;
  /** Whether to run in a worker thread, so that the event loop stays free; true by default. */
  readonly worker?: boolean | undefined;
  /**
   * Whether the worker thread starts now, and loads ONNX Runtime, instead of with the first session; false by default. Its memory is
   * taken until the backend is disposed of, even where no session was made.
   */
  readonly eager?: boolean | undefined;
  /**
   * Least severe message of ONNX Runtime that goes to stderr: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal (default, since
   * what is wrong is thrown as well).
   */
  readonly logSeverity?: 0 | 1 | 2 | 3 | 4 | undefined;
}

/**
 * A backend on onnxruntime-node. All its sessions share one worker thread, started by the first; runs are carried out one after
 * the other, each with all `threads`. The worker does not keep the process alive while nothing is running.
 */
export function nodeBackend(options: NodeBackendOptions = {}): Backend {
  const device = options.device ?? "cpu";
  const name = `onnxruntime-node (${device})`;
  const engine: EngineOptions = {
    device,
    threads: options.threads ?? physicalCores(),
    logSeverity: options.logSeverity ?? 4,
  };
  if (!Number.isSafeInteger(engine.threads) || engine.threads < 1) {
    throw new InvalidArgumentError({
      argument: "threads",
      expected: "a whole number of at least 1",
      found: String(engine.threads),
    });
  }
  const inThread = options.worker ?? true;
  const link = inThread
    ? workerLink(name, engine, new URL("./worker.js", import.meta.url), options.eager)
    : // Imported when used: with a worker, this thread never needs ONNX Runtime's native library.
      inlineLink(async () => (await import("./node-engine.js")).nodeEngine(engine));
  return engineBackend({
    name,
    target: { device, keyValueCache: "new-rows", float16: false, quantizedMatMul: quantizedMatMul(device) },
    link,
    place: placeExternalWeights,
    adviceFor,
  });
}
