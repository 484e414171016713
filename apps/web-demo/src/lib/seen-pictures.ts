import type { ChatSessionOptions, SmolVLM, Tensor, VideoFrames } from "smolvlm";

/** What a view of the model is of. */
export type SeenLabel =
  | { readonly kind: "tile"; readonly row: number; readonly column: number }
  | { readonly kind: "whole" }
  | { readonly kind: "frame"; readonly seconds: number };

/** A picture as the model was given it: resized, cut, and back from its normalised numbers. */
export interface SeenPicture {
  /** Address of a small picture; revoke it when it is no longer shown. */
  readonly url: string;
  /** Undefined until that is known: a clip's moments are told with the answer. */
  readonly label: SeenLabel | undefined;
}

/** What a medium is and how large, as far as labels need it. */
export type SeenMedium =
  { readonly kind: "image"; readonly width: number; readonly height: number } | { readonly kind: "video" };

/** Side of the pictures that are shown, in pixels. */
const SHOWN_SIDE = 224;

/** What each frame of some media is, in the order in which the model takes them. */
export function seenLabels(
  media: readonly SeenMedium[],
  model: SmolVLM,
  imageOptions: ChatSessionOptions["imageOptions"],
  videos: readonly VideoFrames[],
): readonly SeenLabel[] {
  const left = [...videos];
  return media.flatMap((medium): SeenLabel[] => {
    if (medium.kind === "video") {
      return (left.shift()?.timestamps ?? []).map((seconds) => ({ kind: "frame", seconds }));
    }
    const { height, width } = medium;
    const { rows, cols } = model.processor.imageProcessor.getNumberOfImagePatches(height, width, imageOptions);
    const tiles = Array.from({ length: rows * cols }, (_, i): SeenLabel => {
      return { kind: "tile", row: Math.floor(i / cols) + 1, column: (i % cols) + 1 };
    });
    return [...tiles, { kind: "whole" }];
  });
}

/** A frame [3, height, width] as a small picture. */
export function frameUrl(frame: Tensor<"float32">, { processor }: SmolVLM): Promise<string> {
  const [, height = 0, width = 0] = frame.dims;
  const { imageMean, imageStd } = processor.imageProcessor.config;
  const { data } = frame;
  const pixels = new ImageData(width, height);
  const plane = width * height;
  for (let channel = 0; channel < 3; channel++) {
    const mean = imageMean[channel] ?? 0.5;
    const deviation = imageStd[channel] ?? 0.5;
    for (let i = 0; i < plane; i++) {
      pixels.data[4 * i + channel] = ((data[channel * plane + i] ?? 0) * deviation + mean) * 255;
    }
  }
  for (let i = 0; i < plane; i++) pixels.data[4 * i + 3] = 255;
  // The frame is not ours to keep, so its pixels are taken before anything is waited for.
  return shrink(pixels);
}

async function shrink(pixels: ImageData): Promise<string> {
  const full = await createImageBitmap(pixels, { resizeWidth: SHOWN_SIDE, resizeHeight: SHOWN_SIDE });
  const canvas = new OffscreenCanvas(SHOWN_SIDE, SHOWN_SIDE);
  canvas.getContext("2d")?.drawImage(full, 0, 0);
  full.close();
  return URL.createObjectURL(await canvas.convertToBlob({ type: "image/webp", quality: 0.85 }));
}
