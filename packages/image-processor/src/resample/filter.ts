import { InvalidArgumentError } from "@smolvlm/contracts";

/** The resampling filters of the reference, under the numbers that `resample` has in a checkpoint's JSON (Pillow's numbers). */
export const Resample = { NEAREST: 0, LANCZOS: 1, BILINEAR: 2, BICUBIC: 3, BOX: 4, HAMMING: 5 } as const;

/** A resampling filter: one of the numbers of `Resample`. */
export type Resample = (typeof Resample)[keyof typeof Resample];

/** A filter as a function of the distance from its centre in pixels, and the distance from which on it is 0. */
export interface Filter {
  readonly support: number;
  readonly weight: (x: number) => number;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function lanczos(x: number): number {
  return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

function bilinear(x: number): number {
  const distance = Math.abs(x);
  return distance < 1 ? 1 - distance : 0;
}

function bicubic(x: number): number {
  const a = -0.5;
  const distance = Math.abs(x);
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return (((distance - 5) * distance + 8) * distance - 4) * a;
  return 0;
}

function box(x: number): number {
  return x > -0.5 && x <= 0.5 ? 1 : 0;
}

// Pillow writes these constants as float32, and of the 22 bits of a weight the last ones show it.
const HAMMING_OFFSET = Math.fround(0.54);
const HAMMING_SWING = Math.fround(0.46);

function hamming(x: number): number {
  const distance = Math.abs(x);
  if (distance === 0) return 1;
  if (distance >= 1) return 0;
  return sinc(distance) * (HAMMING_OFFSET + HAMMING_SWING * Math.cos(Math.PI * distance));
}

/**
 * The convolution filter behind a `resample` number. NEAREST has none, since it copies pixels.
 *
 * @throws InvalidArgumentError for NEAREST and for numbers that are not in `Resample`.
 */
export function filterOf(resample: number): Filter {
  switch (resample) {
    case Resample.LANCZOS:
      return { support: 3, weight: lanczos };
    case Resample.BILINEAR:
      return { support: 1, weight: bilinear };
    case Resample.BICUBIC:
      return { support: 2, weight: bicubic };
    case Resample.BOX:
      return { support: 0.5, weight: box };
    case Resample.HAMMING:
      return { support: 1, weight: hamming };
    default:
      throw new InvalidArgumentError({
        argument: "resample",
        expected: "a filter of Resample, 1 to 5",
        found: String(resample),
      });
  }
}
