import type { ResolvedOptions } from "./image-processor-options.js";

/**
 * The float32 value of each of the 256 levels, one table per channel: rescaling and normalising in one look-up. The bits of the
 * floats are held as integers, because copying integers is a third faster than copying float32 through JavaScript's doubles.
 */
export type PixelTables = readonly [red: Int32Array, green: Int32Array, blue: Int32Array];

/** The options that decide what a level becomes. */
export type PixelTableOptions = Pick<
  ResolvedOptions,
  "doRescale" | "rescaleFactor" | "doNormalize" | "imageMean" | "imageStd"
>;

function tabulate(
  options: PixelTableOptions,
  value: (level: number, mean: number, std: number) => number,
): PixelTables {
  const table = (channel: 0 | 1 | 2): Int32Array => {
    const mean = Math.fround(options.imageMean[channel]);
    const std = Math.fround(options.imageStd[channel]);
    return new Int32Array(Float32Array.from({ length: 256 }, (_, level) => value(level, mean, std)).buffer);
  };
  return [table(0), table(1), table(2)];
}

/** NumPy's arithmetic: rescaled in double, rounded to float32, then normalised in float32. */
export function pillowPixelTables(options: PixelTableOptions): PixelTables {
  return tabulate(options, (level, mean, std) => {
    const rescaled = options.doRescale ? Math.fround(level * options.rescaleFactor) : level;
    return options.doNormalize ? Math.fround(rescaled - mean) / std : rescaled;
  });
}

/** Torchvision's arithmetic: rescaling is folded into the mean and the standard deviation, everything in float32. */
export function torchvisionPixelTables(options: PixelTableOptions): PixelTables {
  const unscale = Math.fround(1 / options.rescaleFactor);
  return tabulate(options, (level, mean, std) => {
    if (!options.doNormalize) return options.doRescale ? level * Math.fround(options.rescaleFactor) : level;
    if (!options.doRescale) return Math.fround(level - mean) / std;
    return Math.fround(level - Math.fround(mean * unscale)) / Math.fround(std * unscale);
  });
}
