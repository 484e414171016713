import { performance } from "node:perf_hooks";
import { median } from "@smolvlm/cli/bench";
import { SmolVLMVideoProcessor } from "@smolvlm/video-processor";
import { drawnFrame } from "./clips.mjs";

const SIZES = [
  [320, 240],
  [640, 360],
  [1280, 720],
  [1920, 1080],
  [3840, 2160],
];
const RUNS = 9;

/**
 * What `upsample: false` does to the time and the pixels of a frame, with the published configuration (2048, then 512 × 512).
 *
 * @returns {Promise<{ width: number, height: number, ms: number, withoutMs: number, mean: number, max: number }[]>} milliseconds of resizing
 * and normalising one frame, in turn; differences in levels 0–255
 */
export async function measureUpsampling(ffmpeg) {
  const processor = new SmolVLMVideoProcessor({ size: { longestEdge: 2048 }, maxImageSize: { longestEdge: 512 } });
  const results = [];
  for (const [width, height] of SIZES) {
    const frame = await drawnFrame(ffmpeg, width, height);
    const process = async (upsample) => {
      const started = performance.now();
      const { pixelValues } = await processor.prepare([frame], { doSampleFrames: false, upsample });
      return { ms: performance.now() - started, values: pixelValues.data };
    };
    const times = { true: [], false: [] };
    let pixels;
    for (let run = 0; run <= RUNS; run++) {
      pixels = [await process(true), await process(false)];
      if (run === 0) continue;
      times.true.push(pixels[0].ms);
      times.false.push(pixels[1].ms);
    }
    const [reference, without] = pixels.map(({ values }) => values);
    const differences = reference.map((value, i) => Math.abs(value - without[i]) * 127.5);
    results.push({
      width,
      height,
      ms: median(times.true),
      withoutMs: median(times.false),
      mean: differences.reduce((sum, value) => sum + value, 0) / differences.length,
      max: Math.round(differences.reduce((most, value) => Math.max(most, value), 0)),
    });
  }
  return results;
}
