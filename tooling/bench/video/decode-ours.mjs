/** Decodes the sampled frames of a video. `node decode-ours.mjs FILE BACKEND` prints `{ ms, frames, total, hash }`. */
import { performance } from "node:perf_hooks";
import process from "node:process";
import { createHash } from "node:crypto";
import { SmolVLMVideoProcessor } from "@smolvlm/video-processor";
import { nodeVideoDecoder } from "@smolvlm/video-processor/node";
import { SAMPLING } from "./sampling.mjs";

const [file, backend] = process.argv.slice(2);
const hash = createHash("sha256");
let hashing = 0;
let frames = 0;
const started = performance.now();
const video = await nodeVideoDecoder({ backend }).open(file);
const indices = new SmolVLMVideoProcessor().sampleFrames(video.metadata, SAMPLING);
for await (const { data } of video.frames(indices)) {
  const before = performance.now();
  hash.update(data);
  hashing += performance.now() - before;
  frames++;
}
await video[Symbol.asyncDispose]?.();
const ms = performance.now() - started - hashing;
console.log(JSON.stringify({ ms, frames, total: video.metadata.totalNumFrames, hash: hash.digest("hex") }));
