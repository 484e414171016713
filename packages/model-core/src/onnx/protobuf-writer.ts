const textEncoder = new TextEncoder();

/** Wire types of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/). */
const wireType = { varint: 0, lengthDelimited: 2, fixed32: 5 } as const;

/** Writes one Protocol Buffers message, field by field, into a buffer that grows. */
export class ProtobufWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** An integer of at least 0 and below 2⁵³, for `int32`, `int64` and enum fields. */
  integer(field: number, value: number): this {
    this.#varint(field * 8 + wireType.varint);
    this.#varint(value);
    return this;
  }

  /** An IEEE single. */
  float(field: number, value: number): this {
    this.#varint(field * 8 + wireType.fixed32);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  /** UTF-8 text. */
  string(field: number, value: string): this {
    const start = this.#length;
    this.#varint(field * 8 + wireType.lengthDelimited);
    this.#varint(value.length);
    this.#reserve(value.length);
    // A graph has tens of thousands of short texts, nearly all ASCII, and the encoder takes longer to start than to encode them.
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) {
        this.#length = start;
        return this.bytes(field, textEncoder.encode(value));
      }
      this.#bytes[this.#length++] = code;
    }
    return this;
  }

  /** Raw bytes. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + wireType.lengthDelimited);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** A nested message. */
  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.#bytes.subarray(0, value.#length));
  }

  /** The message written so far; a copy. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    // Division, since the bit operators of JavaScript stop at 32 bits.
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
