import {
  DisposedError,
  type Backend,
  type Session,
  type SessionGraph,
  type SessionOptions,
  type Target,
} from "@smolvlm/contracts";
import { asBackendError, type AdviceFor } from "./as-backend-error.js";
import type { CreateRequest, EngineLink } from "./engine-protocol.js";
import { EngineSession } from "./engine-session.js";

/** What a backend is made of. */
export interface EngineBackendParts {
  /** For messages: `onnxruntime-node (cpu)`. */
  readonly name: string;
  readonly target: Target;
  readonly link: EngineLink;
  /**
   * Prepares a graph and its weights for the engine.
   *
   * @param where the backend and the graph, for messages.
   * @param onLoaded called with the bytes of weights read so far.
   */
  readonly place: (
    where: string,
    graph: SessionGraph,
    onLoaded: (bytes: number) => void,
    signal: AbortSignal | undefined,
  ) => Promise<Omit<CreateRequest, "cache">>;
  readonly adviceFor: AdviceFor;
}

/** A {@link Backend} whose sessions live in the engine behind `link`. */
export function engineBackend({ name, target, link, place, adviceFor }: EngineBackendParts): Backend {
  const sessions = new Set<EngineSession>();
  let disposed: Promise<void> | undefined;

  async function createSession(graph: SessionGraph, sessionOptions: SessionOptions = {}): Promise<Session> {
    if (disposed) throw new DisposedError(`The backend ${name}`);
    const where = `${name} ${graph.name}`;
    const { signal } = sessionOptions;
    signal?.throwIfAborted();
    const total = graph.externalData.reduce((sum, { source }) => sum + source.size, 0);
    let hasBegun = false;
    const report = (loaded: number): void => {
      if (!hasBegun && loaded > 0) report(0);
      hasBegun = true;
      sessionOptions.onProgress?.({ stage: "load", name: graph.name, loaded, total, unit: "bytes" });
    };
    const info = await place(where, graph, report, signal)
      .then((placed) => {
        const created = link.call("create", { ...placed, cache: graph.cache });
        // Not before: who is told may keep this thread busy.
        if (!hasBegun) report(0);
        return created;
      })
      .catch((error: unknown) => {
        signal?.throwIfAborted();
        throw disposed ? new DisposedError(`The backend ${name}`) : asBackendError(where, "loading", error, adviceFor);
      });
    const session = new EngineSession(link, where, info, graph.cache, () => sessions.delete(session), adviceFor);
    if (signal?.aborted || disposed) {
      await session[Symbol.asyncDispose]();
      signal?.throwIfAborted();
      throw new DisposedError(`The backend ${name}`);
    }
    report(total);
    sessions.add(session);
    return session;
  }

  async function dispose(): Promise<void> {
    await Promise.all([...sessions].map((session) => session[Symbol.asyncDispose]()));
    await link.close();
  }

  return { name, target, createSession, [Symbol.asyncDispose]: () => (disposed ??= dispose()) };
}
