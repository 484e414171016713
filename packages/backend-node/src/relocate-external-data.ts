import { BackendError } from "@smolvlm/contracts";

/** Field numbers and wire types on the way from an ONNX model to an initializer's external data (onnx.proto, release 1.18). */
const modelGraph = 7;
const graphInitializer = 5;
const tensorRawData = 9;
const tensorExternalData = 13;
const tensorDataLocation = 14;
const entryKey = 1;
const entryValue = 2;
const lengthDelimited = 2;

/** Where external data is to be found instead: in another file, or in these bytes, which then become part of the model. */
export type Relocation = { readonly location: string } | { readonly bytes: Uint8Array };

/**
 * The model with the external data of its initializers moved as `relocations` says, by present location; others stay. Every field
 * that this does not concern is copied as it is.
 *
 * @throws BackendError when the bytes are not a protobuf message, or an initializer lies outside the bytes given for it.
 */
export function relocateExternalData(
  model: Uint8Array,
  relocations: ReadonlyMap<string, Relocation>,
): Uint8Array<ArrayBuffer> {
  if (relocations.size === 0) return model.slice();
  const initializer = (tensor: Uint8Array): Uint8Array => relocateTensor(tensor, relocations);
  const graph = (value: Uint8Array): Uint8Array =>
    rewrite(value, (id, inner) => (id === graphInitializer ? initializer(inner) : inner));
  return rewrite(model, (id, value) => (id === modelGraph ? graph(value) : value));
}

function relocateTensor(tensor: Uint8Array, relocations: ReadonlyMap<string, Relocation>): Uint8Array {
  const external = new Map<string, string>();
  rewrite(tensor, (id, value) => {
    if (id === tensorExternalData) external.set(...keyAndValue(value));
    return value;
  });
  const to = relocations.get(external.get("location") ?? "");
  if (!to) return tensor;
  if ("location" in to) {
    const location = new TextEncoder().encode(to.location);
    return rewrite(tensor, (id, value) => {
      if (id !== tensorExternalData || keyAndValue(value)[0] !== "location") return value;
      return rewrite(value, (entryId, text) => (entryId === entryValue ? location : text));
    });
  }
  const offset = Number(external.get("offset") ?? 0);
  const length = Number(external.get("length") ?? to.bytes.length - offset);
  if (!(offset >= 0 && length >= 0 && offset + length <= to.bytes.length)) {
    throw invalid(`external data [${offset}, ${offset + length}) is outside its ${to.bytes.length} bytes`);
  }
  const kept = rewrite(tensor, (id, value) =>
    id === tensorExternalData || id === tensorDataLocation ? undefined : value,
  );
  const raw = to.bytes.subarray(offset, offset + length);
  return concatenate([kept, varint(tensorRawData * 8 + lengthDelimited), varint(length), raw]);
}

function keyAndValue(entry: Uint8Array): [key: string, value: string] {
  const texts = new Map<number, string>();
  rewrite(entry, (id, value) => {
    texts.set(id, new TextDecoder().decode(value));
    return value;
  });
  return [texts.get(entryKey) ?? "", texts.get(entryValue) ?? ""];
}

/**
 * Copies a message, passing the value of each field through `change`; undefined removes the field. A value that is not
 * length-delimited is passed for removal only.
 */
function rewrite(
  message: Uint8Array,
  change: (id: number, value: Uint8Array) => Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < message.length) {
    const start = at;
    const [tag, afterTag] = readVarint(message, at);
    const id = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === lengthDelimited) {
      const [length, from] = readVarint(message, afterTag);
      at = from + length;
      if (at > message.length) throw invalid("it is cut short");
      const changed = change(id, message.subarray(from, at));
      if (changed) parts.push(message.subarray(start, afterTag), varint(changed.length), changed);
    } else {
      at = wireType === 0 ? readVarint(message, afterTag)[1] : afterTag + fixedSize(wireType);
      if (at > message.length) throw invalid("it is cut short");
      if (change(id, message.subarray(afterTag, at))) parts.push(message.subarray(start, at));
    }
  }
  return concatenate(parts);
}

function fixedSize(wireType: number): number {
  if (wireType === 1) return 8;
  if (wireType === 5) return 4;
  throw invalid(`it has wire type ${wireType}`);
}

/** A value below 2⁵³, enough for tags and lengths, and where it ends. */
function readVarint(bytes: Uint8Array, offset: number): [value: number, end: number] {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) break;
    value += (byte % 128) * 2 ** (7 * index);
    if (byte < 128) return [value, offset + index + 1];
  }
  throw invalid("it is cut short");
}

function varint(value: number): Uint8Array {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function invalid(problem: string): BackendError {
  return new BackendError("onnxruntime-node", `the graph is not an ONNX model (${problem}); build it again.`);
}
