import { tensor, type FrameFeed, type Tensor } from "@smolvlm/contracts";
import type { FrameBlock } from "./assemble-frames.js";

/** Frames that are made one by one; disposing frees what makes them. */
export interface MadeFrames extends Partial<AsyncDisposable> {
  readonly frames: Iterable<Tensor<"float32">> | AsyncIterable<Tensor<"float32">>;
}

/** Consecutive frames of one picture or video that are not made yet. */
export interface StreamBlock {
  readonly frames: number;
  readonly stream: MadeFrames;
}

/** Frames of the samples one after the other, each made when it is asked for; a medium is closed when its last frame was taken. */
export function feedFrames(samples: readonly (readonly (FrameBlock | StreamBlock)[])[]): FrameFeed {
  const blocks = samples.flat(1);
  const open = new Set(blocks.flatMap((block) => ("stream" in block ? [block.stream] : [])));
  const close = async (medium: MadeFrames): Promise<void> => {
    if (open.delete(medium)) await medium[Symbol.asyncDispose]?.();
  };
  async function* frames(): AsyncGenerator<Tensor<"float32">> {
    for (const block of blocks) {
      if ("stream" in block) {
        yield* block.stream.frames;
        await close(block.stream);
      } else yield* framesOf(block);
    }
  }
  return {
    count: blocks.reduce((sum, block) => sum + block.frames, 0),
    [Symbol.asyncIterator]: frames,
    [Symbol.asyncDispose]: async () => {
      for (const medium of [...open]) await close(medium);
    },
  };
}

function* framesOf({ frames, values, dims }: FrameBlock): Generator<Tensor<"float32">> {
  const size = values.length / frames;
  for (let at = 0; at < frames; at++) yield tensor("float32", dims, values.subarray(at * size, (at + 1) * size));
}
