import { tensor, type FrameFeed, type ModelInputs, type Tensor } from "@smolvlm/contracts";

/** Told a frame [3, height, width] as the model is given it, normalised. It must not change it, and copies what it keeps. */
export type OnFrame = (frame: Tensor<"float32">) => void;

/** The same inputs, whose frames are told when they are taken; those that lie in memory together are told at once. */
export function watchFrames<Inputs extends Pick<ModelInputs, "pixelValues" | "frames">>(
  inputs: Inputs,
  onFrame: OnFrame | undefined,
): Inputs {
  const { pixelValues, frames } = inputs;
  if (!onFrame) return inputs;
  if (pixelValues) {
    const size = pixelValues.dims.slice(-3);
    const length = size.reduce((product, side) => product * side, 1);
    for (let at = 0; at < pixelValues.data.length; at += length) {
      onFrame(tensor("float32", size, pixelValues.data.subarray(at, at + length)));
    }
  }
  return frames ? { ...inputs, frames: watched(frames, onFrame) } : inputs;
}

function watched(frames: FrameFeed, onFrame: OnFrame): FrameFeed {
  return {
    count: frames.count,
    async *[Symbol.asyncIterator]() {
      for await (const frame of frames) {
        onFrame(frame);
        yield frame;
      }
    },
    [Symbol.asyncDispose]: () => frames[Symbol.asyncDispose](),
  };
}
