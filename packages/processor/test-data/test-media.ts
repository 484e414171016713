import { tensor, type RawImage } from "@smolvlm/contracts";
import { SmolVLMImageProcessor, type ImageProcessor } from "@smolvlm/image-processor";
import type { Conversation } from "../src/chat/conversation.js";
import type { PreparedVideo } from "../src/media/prepared-video.js";
import { SmolVLMProcessor } from "../src/smolvlm-processor.js";
import { publishedFiles } from "./test-files.js";

/** The real grid of each picture, with frames of one pixel whose red value is the picture's: pixels are tested by their own package. */
export function gridsOnly(processor: SmolVLMImageProcessor): ImageProcessor {
  return {
    config: processor.config,
    getNumberOfImagePatches: (height, width, options) => processor.getNumberOfImagePatches(height, width, options),
    stream: ({ width, height, data }, options) => {
      const { rows, cols, patches: count } = processor.getNumberOfImagePatches(height, width, options);
      const frame = tensor("float32", [3, 1, 1], Float32Array.of(data[0] ?? 0, 0, 0));
      return { rows, cols, count, frames: Array.from({ length: count }, () => frame) };
    },
    preprocess: (images, options) => {
      const samples = images as readonly (readonly RawImage[])[];
      const grids = samples.map((sample) =>
        sample.map(({ width, height }) => processor.getNumberOfImagePatches(height, width, options)),
      );
      const counts = grids.map((sample) => sample.reduce((sum, { patches }) => sum + patches, 0));
      const frames = Math.max(...counts);
      const values = new Float32Array(samples.length * frames * 3);
      const mask = new Uint8Array(samples.length * frames);
      grids.forEach((sample, s) => {
        let frame = s * frames;
        sample.forEach(({ patches }, i) => {
          const red = samples[s]?.[i]?.data[0] ?? 0;
          for (const end = frame + patches; frame < end; frame++) [values[frame * 3], mask[frame]] = [red, 1];
        });
      });
      return {
        pixelValues: tensor("float32", [samples.length, frames, 3, 1, 1], values),
        pixelAttentionMask: tensor("bool", [samples.length, frames, 1, 1], mask),
        rows: grids.map((sample) => sample.map(({ rows }) => rows)),
        cols: grids.map((sample) => sample.map(({ cols }) => cols)),
      };
    },
  };
}

export function image(width: number, height: number, red = 1): RawImage {
  const data = new Uint8Array(width * height * 3);
  data[0] = red;
  return { width, height, data };
}

export function video(frames: number, red: number, duration?: number): PreparedVideo {
  const values = new Float32Array(frames * 3);
  for (let frame = 0; frame < frames; frame++) values[frame * 3] = red;
  return {
    pixelValues: tensor("float32", [frames, 3, 1, 1], values),
    timestamps: Array.from({ length: frames }, (_, i) => i),
    duration,
  };
}

export const reds = (values: { data: Float32Array } | undefined) =>
  Array.from(values?.data ?? []).filter((_, i) => i % 3 === 0);
export const imageTokens = (ids: ArrayLike<number>) => Array.from(ids).filter((id) => id === 49190).length;
export const user = (...content: Extract<Conversation[number]["content"], readonly unknown[]>): Conversation => [
  { role: "user", content },
];
export const caught = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => undefined).catch((error: unknown) => error);

/** The processor of a published checkpoint, with `gridsOnly`. */
export async function publishedProcessor(name?: string): Promise<SmolVLMProcessor> {
  const files = publishedFiles(name);
  const imageProcessor = gridsOnly(await SmolVLMImageProcessor.fromPretrained(files));
  return SmolVLMProcessor.fromPretrained(files, { imageProcessor });
}
