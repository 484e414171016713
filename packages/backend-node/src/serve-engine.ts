import {
  describeFailure,
  type CallMessage,
  type EngineOperations,
  type Later,
  type ReplyMessage,
  type RunReply,
} from "@smolvlm/backend-common";
import type { MessagePort } from "node:worker_threads";

/**
 * Carries out the operations that arrive at `port` one at a time, in order. Outputs of runs are moved, not copied.
 *
 * @param start makes the engine, which leaves some work for when a reply has gone out.
 */
export function serveEngine(start: (later: Later) => EngineOperations, port: MessagePort): void {
  const left: (() => void)[] = [];
  const engine = start((work) => left.push(work));
  let last = Promise.resolve();
  port.on("message", (message: CallMessage) => {
    last = last.then(async () => {
      await answer(engine, port, message);
      for (const work of left.splice(0)) work();
    });
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
