/** A WebAssembly module that reads memory as fast as a core can; without ONNX Runtime, so that it is not measured against itself. */

/** Bytes of one reader's memory: far beyond any cache. */
export const READER_BYTES = 256 * 2 ** 20;

/** What is used of Node's WebAssembly, whose types only the browser's libraries have. */
declare const WebAssembly: { instantiate(bytes: Uint8Array): Promise<{ instance: { exports: unknown } }> };

/** A compiled reader. */
export interface BandwidthReader {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Combines all 64-byte lines between two addresses with loads of 16 bytes. */
  read(from: number, to: number): number;
}

/** LEB128, as WebAssembly writes integers. */
const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const section = (id: number, bytes: readonly number[]): number[] => [id, ...leb(bytes.length), ...bytes];
const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];

/** A reader with {@link READER_BYTES} of memory. */
export async function compileReader(): Promise<BandwidthReader> {
  const { instance } = await WebAssembly.instantiate(readerModule());
  return instance.exports as BandwidthReader;
}

function readerModule(): Uint8Array {
  const [v128, i32] = [0x7b, 0x7f];
  const accumulators = [2, 3, 4, 5];
  const combine = accumulators.flatMap((local, index) => [
    ...[0x20, local, 0x20, 0x00], // local.get accumulator, local.get from
    ...[0xfd, 0x00, 0x04, 16 * index], // v128.load align=16 offset
    ...[0xfd, 0x51, 0x21, local], // v128.xor, local.set accumulator
  ]);
  const next = [0x20, 0x00, 0x41, 0xc0, 0x00, 0x6a, 0x22, 0x00, 0x20, 0x01, 0x49, 0x0d, 0x00]; // from += 64; loop if from < to
  const fold = [0x20, 2, ...[3, 4, 5].flatMap((local) => [0x20, local, 0xfd, 0x51]), 0xfd, 0x1b, 0x00];
  const body = [0x01, accumulators.length, v128, 0x03, 0x40, ...combine, ...next, 0x0b, ...fold, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 2, i32, i32, 1, i32]), // type (i32, i32) → i32
    ...section(3, [1, 0]), // one function of that type
    ...section(5, [1, 0x00, ...leb(READER_BYTES / 65536)]), // its memory
    ...section(7, [2, ...name("read"), 0x00, 0x00, ...name("memory"), 0x02, 0x00]), // exports
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}
