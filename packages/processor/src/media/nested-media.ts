import { InvalidArgumentError } from "@smolvlm/contracts";

/** One medium; several, which belong to one text; or for each text a list. */
export type Nested<T> = T | readonly T[] | readonly (readonly T[])[];

/**
 * Media as one list for each text.
 *
 * @throws InvalidArgumentError when media and lists stand side by side.
 */
export function nestedMedia<T>(argument: string, media: Nested<T>): readonly (readonly T[])[] {
  if (!Array.isArray(media)) return [[media as T]];
  const entries = media as readonly unknown[];
  const lists = entries.filter((entry) => Array.isArray(entry)).length;
  if (lists === 0) return [entries as readonly T[]];
  if (lists < entries.length) {
    throw new InvalidArgumentError({
      argument,
      expected: "one list for each text",
      found: "lists and media side by side",
    });
  }
  return entries as readonly (readonly T[])[];
}
