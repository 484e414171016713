export { torchvisionPixelTables, type PixelTableOptions, type PixelTables } from "./pixel-table.js";
export type { RgbPixels } from "./resample/fixed-point-resampler.js";
export { resizeEngine, resizePixels, type ResampleArithmetic, type ResizeEngine } from "./resample/resize-pixels.js";
export { longestEdgeSize, MAX_IMAGE_SIZE, type Size } from "./resize-geometry.js";
export { rgbPixels } from "./rgb-pixels.js";
