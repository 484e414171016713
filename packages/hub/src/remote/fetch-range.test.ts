import { describe, expect, test } from "vitest";
import { NetworkError } from "../errors.js";
import { fetchRange, type ByteRange } from "./fetch-range.js";

/** Bytes that tell where they are from. */
const file = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7 + (index >> 8)) & 255);
const source = { url: "http://host/file", name: "file", size: file.length };

interface Server {
  /** Bytes of each chunk of an answer. */
  readonly chunk?: number;
  /** After how many bytes each connection breaks, one after the other; those that are not told do not. */
  readonly breaks?: readonly number[];
  /** From which request on ranges are ignored. */
  readonly ignoresFrom?: number;
}

/** What comes of fetching a range from a server like this. */
async function fetched(range: ByteRange, pieceBytes: number, { chunk = 64, breaks = [], ignoresFrom }: Server = {}) {
  const asked: string[] = [];
  const answer = async (_: unknown, init?: RequestInit): Promise<Response> => {
    const request = asked.push(new Headers(init?.headers).get("range") ?? "whole") - 1;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(asked[request] as string) ?? [];
    const isRange = first !== undefined && request < (ignoresFrom ?? Infinity);
    const [start, end] = isRange ? [Number(first), Number(last) + 1] : [0, file.length];
    const most = breaks[request] ?? Infinity;
    let at = start;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at - start >= most) return controller.error(new TypeError("network error"));
        if (at === end) return controller.close();
        const next = Math.min(at + chunk, end, start + most);
        controller.enqueue(file.slice(at, next));
        at = next;
      },
    });
    const headers = isRange ? { "content-range": `bytes ${start}-${end - 1}/${file.length}` } : {};
    return new Response(body, { status: isRange ? 206 : 200, headers });
  };
  const client = {
    fetch: answer as typeof fetch,
    token: undefined,
    origin: "",
    timeout: 1000,
    retries: 2,
    retryDelay: 0,
  };
  const pieces: Uint8Array[] = [];
  const counts: number[] = [];
  const result = await fetchRange(client, source, range, {
    pieceBytes,
    onBytes: (count) => counts.push(count),
    onPiece(bytes, index) {
      expect(index).toBe(pieces.length);
      pieces.push(bytes);
    },
  }).catch((error: unknown) => error);
  const bytes = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
  return { result, bytes, lengths: pieces.map(({ length }) => length), counts, asked, counted: sum(counts) };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe("pieces and progress of a range are exact", () => {
  for (const chunk of [1, 7, 100, 1000])
    for (const pieceBytes of [10, 64, 333, 5000])
      for (const breaks of [[], [0], [1, 0, 250], [399, 2, 2]])
        test(`chunks of ${chunk}, pieces of ${pieceBytes}, broken after ${breaks.join(", ") || "nothing"}`, async () => {
          const found = await fetched({ start: 17, end: 900 }, pieceBytes, { chunk, breaks });
          expect(found.result).toBe(true);
          expect(found.bytes).toEqual(file.slice(17, 900));
          expect(found.lengths.slice(0, -1).every((length) => length === pieceBytes)).toBe(true);
          // Nothing is fetched a second time.
          expect(found.counts.every((count) => count > 0)).toBe(true);
          expect(found.counted).toBe(883);
        });
});

test("a whole file that starts over is counted once, and no piece of it is given twice", async () => {
  // The first answer breaks behind one and a half pieces, and then the server knows no ranges.
  const found = await fetched({ start: 0, end: 1000 }, 100, { breaks: [150], ignoresFrom: 0 });
  expect(found.asked).toEqual(["whole", "bytes=150-999"]);
  expect(found.result).toBe(true);
  expect(found.bytes).toEqual(file);
  expect(found.counted).toBe(1000);
});

test("where the server knows no ranges, nothing is kept that was not whole", async () => {
  const found = await fetched({ start: 100, end: 400 }, 100, { breaks: [150], ignoresFrom: 1 });
  expect(found).toMatchObject({ result: false, lengths: [100], counted: 100 });
});

test("what breaks off for good leaves the pieces that were whole", async () => {
  const found = await fetched({ start: 100, end: 900 }, 100, { breaks: [250, 0, 0, 0, 0] });
  expect(NetworkError.isInstance(found.result)).toBe(true);
  expect(found).toMatchObject({ lengths: [100, 100], counted: 200 });
  expect(found.bytes).toEqual(file.slice(100, 300));
});
