/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How many tiles a picture is cut into; 0 and 0 when it is a single frame. */
export interface TileGrid {
  readonly rows: number;
  readonly cols: number;
}

/** Longest side that the first resize may produce, whatever `size` asks for. The reference's constant. */
export const MAX_IMAGE_SIZE = 4096;

// Both functions divide by or multiply with the aspect ratio in double precision, because the reference does: `edge * height / width`
// differs from `edge / (width / height)` in rare cases, and truncation then moves the result by a pixel.

function scaleToLongestEdge({ width, height }: Size, edge: number): Size {
  const aspect = width / height;
  if (width >= height) {
    const short = Math.trunc(edge / aspect);
    return { width: edge, height: Math.max(short + (short % 2), 1) };
  }
  const short = Math.trunc(edge * aspect);
  return { width: Math.max(short + (short % 2), 1), height: edge };
}

function capLongestEdge({ width, height }: Size, edge: number): Size {
  const aspect = width / height;
  if (width >= height && width > edge) return { width: edge, height: Math.max(Math.trunc(edge / aspect), 1) };
  if (height > width && height > edge) return { width: Math.max(Math.trunc(edge * aspect), 1), height: edge };
  return { width, height };
}

/**
 * The size a picture gets when its longest edge becomes `longestEdge`: the aspect ratio is kept, the short side is made even, and
 * small pictures grow. Above `MAX_IMAGE_SIZE` the result is scaled down to it.
 */
export function longestEdgeSize(size: Size, longestEdge: number): Size {
  return capLongestEdge(scaleToLongestEdge(size, longestEdge), MAX_IMAGE_SIZE);
}

/** The size in whole tiles of `tile` pixels that comes nearest above `size`; it changes the aspect ratio slightly. */
export function tiledSize({ width, height }: Size, tile: number): Size {
  const aspect = width / height;
  const wholeTiles = (length: number): number => Math.ceil(length / tile) * tile;
  if (width >= height) {
    const tiledWidth = wholeTiles(width);
    return { width: tiledWidth, height: wholeTiles(Math.trunc(tiledWidth / aspect)) };
  }
  const tiledHeight = wholeTiles(height);
  return { width: wholeTiles(Math.trunc(tiledHeight * aspect)), height: tiledHeight };
}

/** The grid of tiles in a picture of `tiledSize`; one tile alone is not a grid. */
export function tileGrid({ width, height }: Size, tile: number): TileGrid {
  return width > tile || height > tile ? { rows: height / tile, cols: width / tile } : { rows: 0, cols: 0 };
}
