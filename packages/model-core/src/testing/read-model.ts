/** A field of a Protocol Buffers message: a number, or the bytes of a text or nested message. */
type Field = readonly [id: number, value: number | Uint8Array];

/** The fields of a message, read independently of the writer under test. */
export function readMessage(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] as number;
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const id = Math.floor(tag / 8);
    if (tag % 8 === 0) fields.push([id, varint()]);
    else if (tag % 8 === 5) {
      fields.push([id, new DataView(bytes.buffer, bytes.byteOffset + at, 4).getFloat32(0, true)]);
      at += 4;
    } else {
      const length = varint();
      fields.push([id, bytes.subarray(at, (at += length))]);
    }
  }
  return fields;
}

const all = (fields: readonly Field[], id: number): readonly Uint8Array[] => {
  return fields.filter((field) => field[0] === id).map((field) => field[1] as Uint8Array);
};
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** An initializer whose bytes are in another file. */
export interface ExternalInitializer {
  readonly name: string;
  readonly dims: readonly number[];
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** What tests ask of a serialised model. */
export interface ReadModel {
  readonly operators: readonly string[];
  readonly external: readonly ExternalInitializer[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Those between, with what is known of their shapes. */
  readonly values: readonly { readonly name: string; readonly dims: readonly (number | string)[] }[];
}

/** The sizes in a `ValueInfoProto` of a tensor. */
function dimsOf(info: Uint8Array): readonly (number | string)[] {
  const path = [2, 1, 2].reduce((message, id) => all(readMessage(message), id)[0] ?? new Uint8Array(), info);
  return all(readMessage(path), 1).map((dim) => {
    const [[, size] = []] = readMessage(dim);
    return typeof size === "number" ? size : text(size);
  });
}

/** Reads an ONNX `ModelProto`. */
export function readModel(model: Uint8Array): ReadModel {
  const graph = readMessage(all(readMessage(model), 7)[0] as Uint8Array);
  const named = (id: number): string[] => all(graph, id).map((info) => text(all(readMessage(info), 1)[0]));
  return {
    operators: all(graph, 1).map((node) => text(all(readMessage(node), 4)[0])),
    external: all(graph, 5).flatMap((initializer) => {
      const fields = readMessage(initializer);
      const entries = all(fields, 13).map((entry) => [1, 2].map((id) => text(all(readMessage(entry), id)[0])));
      if (entries.length === 0) return [];
      const { location = "", offset, length } = Object.fromEntries(entries) as Record<string, string>;
      const dims = fields.filter(([id]) => id === 1).map(([, dim]) => dim as number);
      return [{ name: text(all(fields, 8)[0]), dims, location, offset: Number(offset), length: Number(length) }];
    }),
    inputs: named(11),
    outputs: named(12),
    values: all(graph, 13).map((info) => ({ name: text(all(readMessage(info), 1)[0]), dims: dimsOf(info) })),
  };
}
