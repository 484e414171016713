export { bandwidthMeter, type BandwidthMeter } from "./bandwidth-meter.js";
export { machineLimits, type MachineLimits } from "./machine-limits.js";
export { bytesPerToken, operationsOfFrame, operationsOfPrompt, textLayerMatrices } from "./model-costs.js";
export { aboutPicture, ModelProbe, type DecodeTimes, type LoadTimes } from "./model-probe.js";
export { peakMemory } from "./peak-memory.js";
export { median, timed } from "./timed.js";
