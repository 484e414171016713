/** A WebAssembly module that reads memory as fast as a core can; without ONNX Runtime, so that it is not measured against itself. */

/** Bytes of one reader's memory: far beyond any cache. */
const READER_BYTES = 256 * 2 ** 20;
/** How often it is read for one measurement. */
const PASSES = 4;

/** What is used of WebAssembly, whose types only the browser's libraries have. */
declare const WebAssembly: { instantiate(bytes: Uint8Array): Promise<{ instance: { exports: unknown } }> };

interface Reader {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Combines all 64-byte lines between two addresses with loads of 16 bytes. */
  read(from: number, to: number): number;
}

/** When a reader began and ended, in milliseconds since the epoch. */
export interface ReadSpan {
  readonly start: number;
  readonly end: number;
}

/** A reader with 256 MiB of memory that are there; for a thread of its own. Called, it reads all of it some times. */
export async function openReader(): Promise<() => ReadSpan> {
  const { instance } = await WebAssembly.instantiate(readerModule());
  const { read, memory } = instance.exports as Reader;
  new Float64Array(memory.buffer).fill(1);
  read(0, READER_BYTES); // compiled and paged in
  const now = (): number => performance.timeOrigin + performance.now();
  return () => {
    const start = now();
    for (let pass = 0; pass < PASSES; pass++) read(0, READER_BYTES);
    return { start, end: now() };
  };
}

/** Bytes a second of readers that read at the same time. */
export function rateOf(spans: readonly ReadSpan[]): number {
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.end));
  return (1000 * spans.length * PASSES * READER_BYTES) / (end - start);
}

/** LEB128, as WebAssembly writes integers. */
const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const section = (id: number, bytes: readonly number[]): number[] => [id, ...leb(bytes.length), ...bytes];
const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];

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
