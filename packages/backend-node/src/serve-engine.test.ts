import type { MessagePort } from "node:worker_threads";
import type { EngineOperations, Later } from "@smolvlm/backend-common";
import { expect, test } from "vitest";
import { serveEngine } from "./serve-engine.js";

test("what an operation leaves for later is done when its reply is out, and before the next operation", async () => {
  const events: string[] = [];
  let send: (message: unknown) => void = () => undefined;
  const port = {
    on: (_event: string, listener: typeof send) => (send = listener),
    postMessage: ({ id }: { readonly id: number }) => events.push(`reply ${id}`),
  };
  const engine = (later: Later): Partial<EngineOperations> => ({
    async disposeCache({ cache }) {
      events.push(`begins ${cache}`);
      later(() => events.push(`left by ${cache}`));
      await Promise.resolve();
    },
  });
  serveEngine(engine as (later: Later) => EngineOperations, port as unknown as MessagePort);
  for (const id of [1, 2]) send({ id, operation: "disposeCache", request: { cache: id } });
  await expect.poll(() => events.length).toBe(6);
  expect(events).toEqual(["begins 1", "reply 1", "left by 1", "begins 2", "reply 2", "left by 2"]);
});
