/** Answers about a video with the bundled model. `node answer-ours.mjs FILE FRAMES` prints `{ ms, frames, tokens }`. */
import { performance } from "node:perf_hooks";
import process from "node:process";
import { nanoModelPath } from "@smolvlm/nano";
import { loadSmolVLM } from "smolvlm";
import { SAMPLING } from "./sampling.mjs";

const [file, frames] = process.argv.slice(2);
// Node 20 knows no `await using`.
const model = await loadSmolVLM(nanoModelPath);
const started = performance.now();
const { videos, usage } = await model.generate({
  messages: [
    {
      role: "user",
      content: [
        { type: "video", video: file },
        { type: "text", text: "What happens in the video?" },
      ],
    },
  ],
  videoSampling: { ...SAMPLING, numFrames: Number(frames) },
});
const seen = videos[0]?.timestamps.length ?? 0;
console.log(JSON.stringify({ ms: performance.now() - started, frames: seen, tokens: usage.promptTokens }));
await model[Symbol.asyncDispose]();
