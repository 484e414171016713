import type { RawImage } from "smolvlm";
import type { ModelProbe } from "./model-probe.js";
import { medianMs } from "./model-probe.js";
import { median } from "./timed.js";

/** What is measured of a loaded model. */
export interface MeasurePlan {
  /** Measurements of each stage, of which the median is given. */
  readonly runs: number;
  /** Tokens decoded per measurement. */
  readonly steps: number;
  /** Tokens of context behind which tokens are decoded. */
  readonly contexts: readonly number[];
  /** Numbers of frames encoded together. */
  readonly frames: readonly number[];
  /** Numbers of rows decoded together. */
  readonly batches: readonly number[];
  readonly picture: { readonly image: RawImage; readonly bytes?: Uint8Array | undefined };
}

/** Milliseconds of every stage. */
export interface ModelTimes {
  /** From the file's bytes to pixels, where there was a file. */
  readonly decodeImage?: number | undefined;
  /** From pixels to frames. */
  readonly preprocess: { readonly ms: number; readonly frames: number };
  /** Encoding frames, by their number. */
  readonly vision: readonly { readonly frames: number; readonly ms: number }[];
  /** Reading a prompt, by its tokens. */
  readonly prefill: readonly { readonly tokens: number; readonly ms: number }[];
  /** One token of one row, by the tokens before it. */
  readonly decode: readonly { readonly context: number; readonly ms: number }[];
  /** One token in each row, behind the first context. */
  readonly batch: readonly { readonly rows: number; readonly ms: number }[];
}

/**
 * Times every stage of a model. One run of each comes before those that count.
 *
 * @param onStage told what is measured next.
 * @throws the signal's reason when it is aborted, which is looked at between measurements.
 */
export async function measureModel(
  probe: ModelProbe,
  plan: MeasurePlan,
  { onStage, signal }: { onStage?: ((stage: string) => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ModelTimes> {
  const { runs, steps, contexts, frames, batches, picture } = plan;
  const middle = async (stage: string, measure: () => Promise<{ readonly ms: number }>): Promise<number> => {
    onStage?.(stage);
    const checked = (): Promise<{ readonly ms: number }> => {
      signal?.throwIfAborted();
      return measure();
    };
    await checked();
    return medianMs(runs, checked);
  };
  const step = async (context: number, batch: number): Promise<{ readonly ms: number }> => {
    const { times } = await probe.decode({ context, steps, batch });
    return { ms: median(times) };
  };
  const { bytes, image } = picture;
  const decodeImage = bytes && (await middle("decoding the picture", () => probe.decodeImage(bytes)));
  const { pixelValues } = await probe.preprocess(image);
  const preprocess = await middle("resizing the picture", () => probe.preprocess(image));
  const vision = [];
  for (const count of frames)
    vision.push({ frames: count, ms: await middle(`${count} frames`, () => probe.vision(count)) });
  const prefill = [];
  for (const tokens of contexts)
    prefill.push({ tokens, ms: await middle(`a prompt of ${tokens} tokens`, () => probe.prefill(tokens)) });
  const decode = [];
  for (const context of contexts)
    decode.push({ context, ms: await middle(`tokens behind ${context}`, () => step(context, 1)) });
  const batch = [];
  for (const rows of batches)
    batch.push({ rows, ms: await middle(`a batch of ${rows}`, () => step(contexts[0] as number, rows)) });
  return {
    decodeImage,
    preprocess: { ms: preprocess, frames: pixelValues.dims[1] as number },
    vision,
    prefill,
    decode,
    batch,
  };
}
