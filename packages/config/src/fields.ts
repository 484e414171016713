import * as v from "valibot";
import { isJsonObject } from "./json-object.js";
import { MAX_IMAGE_EDGE, MAX_VOCABULARY } from "./limits.js";

/** An integer of `[min, max]`. */
export function integer(min: number, max: number) {
  const expected = `an integer from ${min} to ${max}`;
  return v.pipe(v.number(expected), v.integer(expected), v.minValue(min, expected), v.maxValue(max, expected));
}

/** A finite number of `[min, max]`. */
export function real(min: number, max: number) {
  const expected = `a number from ${min} to ${max}`;
  return v.pipe(v.number(expected), v.finite(expected), v.minValue(min, expected), v.maxValue(max, expected));
}

/** A finite number above 0. */
export function positive() {
  const expected = "a number above 0";
  return v.pipe(
    v.number(expected),
    v.check((value) => value > 0 && Number.isFinite(value), expected),
  );
}

/** true or false. */
export function flag() {
  return v.boolean("true or false");
}

/** A string. */
export function text() {
  return v.string("a string");
}

/** A token id. */
export function tokenId() {
  return integer(0, MAX_VOCABULARY - 1);
}

/** An array of at most `max` items. */
export function list<const T extends v.GenericSchema>(item: T, max: number, what: string) {
  const expected = `an array of at most ${max} ${what}`;
  return v.pipe(v.array(item, expected), v.maxLength(max, expected));
}

/** A JSON object; the library's own object schemas take arrays too. */
const jsonObject = v.custom<Readonly<Record<string, unknown>>>(isJsonObject, "an object");

/** A JSON object with at least these fields; others are dropped. */
export function fields<const T extends v.ObjectEntries>(entries: T) {
  return v.pipe(jsonObject, v.object(entries, "an object"));
}

/** A JSON object used as a map: any keys, each value by the schema. */
export function record<const T extends v.GenericSchema>(value: T) {
  return v.pipe(jsonObject, v.record(v.string(), value, "an object"));
}

/** A field that may be missing or null, which both read as undefined. */
export function optional<const T extends v.GenericSchema>(schema: T) {
  return v.pipe(
    v.nullish(schema),
    v.transform((value): v.InferOutput<T> | undefined => value ?? undefined),
  );
}

/** `{"longest_edge": n}`. */
export function longestEdge() {
  const expected = 'an object with "longest_edge", the only kind of size these models use';
  return v.pipe(
    v.custom<{ longest_edge: number }>((size) => isJsonObject(size) && size["longest_edge"] !== undefined, expected),
    v.object({ longest_edge: integer(1, MAX_IMAGE_EDGE) }, expected),
    v.transform((size) => ({ longestEdge: size.longest_edge })),
  );
}

/** One value per colour channel; a single number stands for all three. */
export function perChannel(value: v.GenericSchema<number, number>) {
  const expected = "three numbers, one per colour channel";
  return v.pipe(
    v.union([v.array(value, expected), value], expected),
    v.transform((given) => (typeof given === "number" ? [given, given, given] : given)),
    v.length(3, expected),
    v.transform((given): readonly [number, number, number] => [given[0] ?? 0, given[1] ?? 0, given[2] ?? 0]),
  );
}
