import { ConfigError } from "@smolvlm/contracts";
import * as v from "valibot";

/** Where a value stands: the file, and the path of the enclosing object inside it (empty for the whole file). */
export interface Place {
  readonly file: string;
  readonly at: string;
}

/** What a value is, in a few words for an error message. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value))
    return value.length <= 4 && value.every(isScalar)
      ? `[${value.map(describe).join(", ")}]`
      : `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function fieldPath(at: string, keys: readonly unknown[]): string {
  let path = at;
  for (const key of keys) path += typeof key === "number" ? `[${key}]` : path === "" ? String(key) : `.${String(key)}`;
  return path === "" ? "(the whole file)" : path;
}

/** The error of a field that breaks a rule which no schema states, such as one between two fields. */
export function fieldError(place: Place, field: string, expected: string, found: unknown): ConfigError {
  return new ConfigError({ file: place.file, field: fieldPath(place.at, [field]), expected, found: describe(found) });
}

/**
 * `json` as the schema's output. Every schema states as its message what it expects, so an issue becomes a `ConfigError` as it is.
 *
 * @throws ConfigError for the first field that does not fit.
 */
export function check<T extends v.GenericSchema>(schema: T, json: unknown, place: Place): v.InferOutput<T> {
  const result = v.safeParse(schema, json, { abortEarly: true, abortPipeEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const keys = issue.path?.map((item) => item.key) ?? [];
  throw new ConfigError({
    file: place.file,
    field: fieldPath(place.at, keys),
    expected: issue.message,
    found: describe(issue.input),
  });
}
