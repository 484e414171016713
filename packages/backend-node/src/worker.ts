import { env } from "onnxruntime-node";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { createEngine } from "./engine.js";
import type { EngineOptions } from "./engine-protocol.js";
import { serveEngine } from "./serve-engine.js";

const options = workerData as EngineOptions;
const logLevels = ["verbose", "info", "warning", "error", "fatal"] as const;
// Messages that belong to no session, such as a device's library that cannot be loaded, follow the same option.
env.logLevel = logLevels[options.logSeverity];
serveEngine(createEngine(options), parentPort as MessagePort);
