import { env } from "onnxruntime-node";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { EngineOptions } from "./engine-options.js";
import { nodeEngine } from "./node-engine.js";
import { serveEngine } from "./serve-engine.js";

const options = workerData as EngineOptions;
const logLevels = ["verbose", "info", "warning", "error", "fatal"] as const;
// Messages that belong to no session, such as a device's library that cannot be loaded, follow the same option.
env.logLevel = logLevels[options.logSeverity];
serveEngine((later) => nodeEngine(options, later), parentPort as MessagePort);
