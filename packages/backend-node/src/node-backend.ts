import {
  DisposedError,
  InvalidArgumentError,
  type Backend,
  type Session,
  type SessionGraph,
  type SessionOptions,
} from "@smolvlm/contracts";
import { asBackendError } from "./as-backend-error.js";
import type { EngineOptions, NodeDevice, SessionInfo } from "./engine-protocol.js";
import { placeExternalWeights } from "./external-weights.js";
import { inlineLink } from "./inline-link.js";
import { NodeSession } from "./node-session.js";
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
  const link = inThread ? workerLink(name, engine, new URL("./worker.js", import.meta.url)) : inlineLink(engine);
  const sessions = new Set<NodeSession>();
  let disposed: Promise<void> | undefined;

  async function load(
    graph: SessionGraph,
    onLoaded: (bytes: number) => void,
    signal?: AbortSignal,
  ): Promise<SessionInfo> {
    const placed = await placeExternalWeights(`${name} ${graph.name}`, graph, onLoaded, signal);
    return link.call("create", { ...placed, cache: graph.cache });
  }

  async function createSession(graph: SessionGraph, sessionOptions: SessionOptions = {}): Promise<Session> {
    if (disposed) throw new DisposedError(`The backend ${name}`);
    const where = `${name} ${graph.name}`;
    const { signal } = sessionOptions;
    signal?.throwIfAborted();
    const total = graph.externalData.reduce((sum, { source }) => sum + source.size, 0);
    const progress = (loaded: number): void =>
      sessionOptions.onProgress?.({ stage: "load", name: graph.name, loaded, total, unit: "bytes" });
    progress(0);
    const info = await load(graph, progress, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw disposed ? new DisposedError(`The backend ${name}`) : asBackendError(where, "loading", error);
    });
    const session = new NodeSession(link, where, info, graph.cache, () => sessions.delete(session));
    if (signal?.aborted || disposed) {
      await session[Symbol.asyncDispose]();
      signal?.throwIfAborted();
      throw new DisposedError(`The backend ${name}`);
    }
    progress(total);
    sessions.add(session);
    return session;
  }

  async function dispose(): Promise<void> {
    await Promise.all([...sessions].map((session) => session[Symbol.asyncDispose]()));
    await link.close();
  }

  return {
    name,
    target: { device, keyValueCache: "new-rows", float16: false, quantizedMatMul: true },
    createSession,
    [Symbol.asyncDispose]: () => (disposed ??= dispose()),
  };
}
