import { answerConversion } from "../answer-conversion.js";
import type { ConvertCall } from "../converting-threads.js";

/** The part of a worker's globals that is used; TypeScript's `DOM` is that of pages. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent<ConvertCall>) => void): void;
  postMessage(message: unknown, moved?: readonly Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.addEventListener("message", ({ data }) => {
  void answerConversion(data).then((answer) => scope.postMessage(...answer));
});
// Who started this script waits to hear that it could be loaded.
scope.postMessage({ id: 0 });
