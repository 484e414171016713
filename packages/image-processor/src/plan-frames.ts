import type { ResolvedOptions } from "./image-processor-options.js";
import { longestEdgeSize, tiledSize, tileGrid, type Size, type TileGrid } from "./resize-geometry.js";

/** What becomes of a picture of a given size. */
export interface FramePlan extends TileGrid {
  /** The first resize; equal to the picture's own size when there is none. */
  readonly scaled: Size;
  /** The second resize: whole tiles, or one frame. */
  readonly framed: Size;
  /** Tiles and the global frame together. */
  readonly frames: number;
}

/** The size after the first resize, and no more than `longestEdge` allows. */
function scaledSize(size: Size, { doResize, size: target, longestEdge = Infinity }: ResolvedOptions): Size {
  const scaled = !doResize ? size : "longestEdge" in target ? longestEdgeSize(size, target.longestEdge) : target;
  return Math.max(scaled.width, scaled.height) > longestEdge ? longestEdgeSize(size, longestEdge) : scaled;
}

function tilePlan(scaled: Size, tile: number): FramePlan {
  const framed = tiledSize(scaled, tile);
  const grid = tileGrid(framed, tile);
  return { scaled, framed, ...grid, frames: grid.rows === 0 ? 1 : grid.rows * grid.cols + 1 };
}

/** The sizes a picture goes through and the frames it becomes, from its size alone. */
export function planFrames(size: Size, options: ResolvedOptions): FramePlan {
  const { doImageSplitting, maxTiles = Infinity } = options;
  const tile = options.maxImageSize.longestEdge;
  const scaled = scaledSize(size, options);
  if (!doImageSplitting) return { scaled, framed: { width: tile, height: tile }, rows: 0, cols: 0, frames: 1 };
  let plan = tilePlan(scaled, tile);
  // The longest side, in tiles, is what the grid grows with; a side of one tile is a single frame.
  for (let side = Math.max(plan.rows, plan.cols) - 1; plan.rows * plan.cols > maxTiles && side >= 1; side--) {
    plan = tilePlan(longestEdgeSize(size, side * tile), tile);
  }
  return plan;
}
