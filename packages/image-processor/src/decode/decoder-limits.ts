import { InvalidArgumentError } from "@smolvlm/contracts";

/** Most pixels of a picture: twice Pillow's `MAX_IMAGE_PIXELS`, its limit for refusing. Half a gigabyte as RGB. */
export const MAX_PIXELS = 178_956_970;
/** Most bytes of a picture's file: more than any photograph needs, and little enough to hold. */
export const MAX_BYTES = 64 * 2 ** 20;
/** How long fetching may take, milliseconds. */
export const TIMEOUT_MS = 30_000;

/**
 * An option that is a limit.
 *
 * @throws InvalidArgumentError when it is not a whole number from 0.
 */
export function limit(argument: string, value: number | undefined, fallback: number): number {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value ?? fallback;
  throw new InvalidArgumentError({ argument, expected: "a whole number from 0", found: String(value) });
}
