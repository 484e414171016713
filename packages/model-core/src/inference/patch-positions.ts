import type { SmolVLMVisionConfig } from "@smolvlm/config";
import type { Frame } from "./frames.js";

/** Added to the scores of patches without pixels. */
const MASKED = -1e9;
/** The greatest relative coordinate, so that it stays below 1. */
const GREATEST_FRACTION = Math.fround(1 - 1e-6);

/** What the tower is told of a frame's patches. */
export interface PatchPositions {
  /** Index of each patch's position embedding [patches]. */
  readonly ids: BigInt64Array;
  /** 0 at patches with pixels and very negative elsewhere [patches]; undefined where all have some. */
  readonly bias?: Float32Array | undefined;
}

/**
 * Positions of a frame's patches. A frame that fills the grid of the position table has positions 0, 1, 2, …, as in training; a
 * smaller one, or one that is partly padding, is spread over the table by the relative coordinates of its patches (transformers
 * ≥ 5.17, in float32). The reference computes relative coordinates for full frames too, which for some grids (25 × 25, 29 × 29, none of
 * a published model) rounds a few positions to their neighbours; that is not followed.
 */
export function patchPositions(frame: Frame, config: SmolVLMVisionConfig): PatchPositions {
  const { patchSize, imageSize } = config;
  const grid = Math.floor(frame.side / patchSize);
  const tableSide = Math.floor(imageSize / patchSize);
  const hasPixels = patchesWithPixels(frame, grid, patchSize);
  let [rows, columns] = [0, 0];
  for (let index = 0; index < grid; index++) {
    rows += hasPixels[index * grid] as number;
    columns += hasPixels[index] as number;
  }
  const down = tablePositions(rows, grid, tableSide);
  const across = tablePositions(columns, grid, tableSide);
  const ids = BigInt64Array.from(hasPixels, (flag, patch) => {
    const row = down[Math.floor(patch / grid)] as number;
    return flag ? BigInt(row * tableSide + (across[patch % grid] as number)) : 0n;
  });
  const isFull = hasPixels.every((flag) => flag === 1);
  return { ids, bias: isFull ? undefined : Float32Array.from(hasPixels, (flag) => (flag ? 0 : MASKED)) };
}

/** 1 for each patch that has at least one pixel [grid²]. */
function patchesWithPixels({ mask, side }: Frame, grid: number, patchSize: number): Uint8Array {
  const flags = new Uint8Array(grid * grid);
  if (!mask) return flags.fill(1);
  for (let y = 0; y < grid * patchSize; y++) {
    const row = Math.floor(y / patchSize) * grid;
    for (let x = 0; x < grid * patchSize; x++) {
      if (mask[y * side + x]) flags[row + Math.floor(x / patchSize)] = 1;
    }
  }
  return flags;
}

/** For each row (or column) of patches, of which `count` have pixels, the row of the position table for its relative coordinate. */
function tablePositions(count: number, grid: number, tableSide: number): readonly number[] {
  const step = Math.fround(1 / count);
  const boundaries = Array.from({ length: tableSide - 1 }, (_, index) => Math.fround((index + 1) / tableSide));
  return Array.from({ length: grid }, (_, index) => {
    if (count === tableSide) return Math.min(index, tableSide - 1);
    const fraction = Math.min(Math.fround(index * step), GREATEST_FRACTION);
    return boundaries.filter((boundary) => !(boundary > fraction)).length;
  });
}
