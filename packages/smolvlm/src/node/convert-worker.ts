import { parentPort, type MessagePort } from "node:worker_threads";
import { answerConversion } from "../answer-conversion.js";
import type { ConvertCall } from "../converting-threads.js";

const port = parentPort as MessagePort;
port.on("message", (call: ConvertCall) => {
  void answerConversion(call).then((answer) => port.postMessage(...answer));
});
