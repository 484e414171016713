import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RawImage } from "@smolvlm/contracts";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeImageDecoder } from "./node-image-decoder.js";

const shared = new URL("../../../../../shared/data/", import.meta.url);
beforeAll(() => expect(existsSync(shared), `${fileURLToPath(shared)}: the pictures beside the repository`).toBe(true));
const file = (name: string): string => fileURLToPath(new URL(name, shared));

const sha = (image: RawImage): string => createHash("sha256").update(image.data).digest("hex");
const problemOf = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: "MediaError" });
  return (error as Error).message;
};

interface ReferenceImage {
  readonly size: [number, number];
  readonly rgb_sha256: string;
  readonly rgb_mean: [number, number, number];
}

const readReference = (): Record<string, ReferenceImage> =>
  (JSON.parse(readFileSync(file("images/pillow_reference.json"), "utf8")) as { images: Record<string, ReferenceImage> })
    .images;

/** The README explains each. AVIF: libheif and libavif turn subsampled YCbCr into RGB differently. */
const differ = [
  "mdn_balloons-landscape.avif",
  "pillow/avif_hopper.avif",
  "pillow/avif_icc_profile.avif",
  "pillow/avif_rot1mir0.avif",
  "pillow/avif_rot3mir1.avif",
  "pillow/avif_star.avifs",
  "pillow/avif_transparency.avif",
];
const unsupported = ["pillow/hopper.ico", "pillow/hopper.ppm"];

const goldens = JSON.parse(readFileSync(new URL("../../goldens/decode.json", import.meta.url), "utf8")) as {
  oriented: Record<string, { width: number; height: number; sha256: string }>;
  cases: { name: string; width: number; height: number; sha256: string; file: string }[];
};

describe("nodeImageDecoder and Pillow", () => {
  const stored = nodeImageDecoder({ autoOrient: false });
  const decoder = nodeImageDecoder();

  it("gives Pillow's pixels for all pictures but those listed in the README", { timeout: 60_000 }, async () => {
    const different: string[] = [];
    const refused: string[] = [];
    for (const [name, expected] of Object.entries(readReference())) {
      const image = await stored.decode(file(`images/${name}`)).catch(() => undefined);
      if (!image) refused.push(name);
      else if (sha(image) !== expected.rgb_sha256 || image.width !== expected.size[0]) different.push(name);
    }
    expect(different.sort()).toEqual(differ);
    expect(refused).toEqual(unsupported);
    expect(Object.keys(readReference())).toHaveLength(105);
  });

  it.each(differ)("comes close in %s", async (name) => {
    const image = await decoder.decode(file(`images/${name}`));
    const expected = readReference()[name] as ReferenceImage;
    expect([image.width, image.height].sort()).toEqual([...expected.size].sort());
    const sums = [0, 0, 0];
    image.data.forEach((value, i) => (sums[i % 3] = (sums[i % 3] as number) + value));
    const means = sums.map((sum) => sum / (image.width * image.height));
    expected.rgb_mean.forEach((mean, channel) => expect(Math.abs((means[channel] as number) - mean)).toBeLessThan(0.6));
  });

  it("turns pictures as their EXIF or XMP orientation says", async () => {
    expect(Object.keys(goldens.oriented).length).toBeGreaterThan(12);
    for (const [name, expected] of Object.entries(goldens.oriented)) {
      const image = await decoder.decode(file(`images/${name}`));
      expect([name, image.width, image.height, sha(image)]).toEqual([
        name,
        expected.width,
        expected.height,
        expected.sha256,
      ]);
    }
  });

  it("says the size of every picture before it decodes it", { timeout: 60_000 }, async () => {
    const sources = [
      ...Object.keys(goldens.oriented).map((name) => file(`images/${name}`)),
      ...differ.map((name) => file(`images/${name}`)),
      ...goldens.cases.map((golden) => Buffer.from(golden.file, "base64")),
      { width: 1, height: 2, data: new Uint8Array(6) },
    ];
    for (const source of sources) {
      for (const each of [decoder, stored]) {
        const opened = await each.open?.(source);
        const image = await opened?.decode();
        expect([opened?.width, opened?.height]).toEqual([image?.width, image?.height]);
        expect(sha(image as RawImage)).toBe(sha(await each.decode(source)));
      }
    }
  });

  it("decodes what it has opened when it is told to, and stops where it is aborted", async () => {
    const cut = readFileSync(file("images/pillow/hopper.jpg")).subarray(0, 3000);
    const opened = await decoder.open?.(cut);
    expect(opened).toMatchObject({ width: 128, height: 128 });
    expect(await problemOf(opened?.decode() as Promise<RawImage>)).toBe(await problemOf(decoder.decode(cut)));
    const whole = await decoder.open?.(file("images/pillow/hopper.jpg"));
    const reason = new DOMException("enough", "AbortError");
    await expect(whole?.decode({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await whole?.decode()).toEqual(await whole?.decode());
  });

  it("loads the fixtures' pictures as the reference does", async () => {
    interface Entry {
      readonly path: string;
      readonly loaded: { readonly width: number; readonly height: number; readonly rgb_sha256: string };
    }
    const media = new URL("../../../../fixtures/media/", import.meta.url);
    const manifest = JSON.parse(readFileSync(new URL("manifest.json", media), "utf8")) as { images: Entry[] };
    for (const { path, loaded } of manifest.images) {
      const image = await decoder.decode(new URL(path, media));
      const found = { width: image.width, height: image.height, rgb_sha256: sha(image) };
      expect([path, found]).toEqual([path, loaded]);
    }
    expect(manifest.images.length).toBeGreaterThan(10);
  });

  it("gives Pillow's pixels for every mode, depth and compression", async () => {
    for (const golden of goldens.cases) {
      const image = await decoder.decode(Buffer.from(golden.file, "base64"));
      expect([golden.name, image.width, image.height, sha(image)]).toEqual([
        golden.name,
        golden.width,
        golden.height,
        golden.sha256,
      ]);
    }
    expect(goldens.cases.length).toBeGreaterThan(90);
  });

  it.each([
    ["pillow_exif_typeerror.jpg", "27ea7512ef75"],
    ["pillow_icc-after-SOF.jpg", "d13d4a8b3b8a"],
    ["pillow_padded_idat.png", "2d3b2ee92b1b"],
    ["libvips_invalid_multiframe.gif", "a6de7413aa90"],
    ["pillow_background_outside_palette.gif", "709e80c88487"],
    ["pillow_no_palette.gif", "709e80c88487"],
    ["sharp_Crash_test.gif", "29bf24b7e1b6"],
  ])("reads the damaged %s, as Pillow does", async (name, expected) => {
    expect(sha(await decoder.decode(file(`corrupt/${name}`))).slice(0, 12)).toBe(expected);
  });

  it("refuses every other damaged file with one line", { timeout: 60_000 }, async () => {
    const readable = /exif_typeerror|icc-after|padded_idat|invalid_multiframe|background_outside|no_palette|Crash_test/;
    const names = readdirSync(file("corrupt")).filter((name) => !readable.test(name));
    expect(names).toHaveLength(22);
    for (const name of names) {
      const problem = await problemOf(decoder.decode(file(`corrupt/${name}`)));
      expect(problem).toContain(name);
      expect(problem).not.toContain("\n");
      expect(problem).toMatch(/\.$/);
    }
  });
});

describe("the pixel limit", () => {
  const bomb = (width: number, height: number): Record<string, Buffer> => {
    const png = Buffer.alloc(1024);
    png.write("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1");
    png.writeUInt32BE(width, 16);
    png.writeUInt32BE(height, 20);
    png.set([8, 2, 0, 0, 0], 24);
    png.write("\0\0\x03\0IDAT", 33, "latin1");
    const gif = Buffer.alloc(1024);
    gif.write("GIF89a\0\0\0\0\0\0\0,\0\0\0\0", "latin1");
    gif.writeUInt16LE(width, 18);
    gif.writeUInt16LE(height, 20);
    const bmp = Buffer.alloc(1024);
    bmp.write("BM", "latin1");
    bmp.writeUInt32LE(40, 14);
    bmp.writeUInt32LE(width, 18);
    bmp.writeInt32LE(height, 22);
    bmp.writeUInt16LE(24, 28);
    return { png: fixPngCrc(png), gif, bmp };
  };

  /** The CRC of the header chunk, without which libpng does not believe it. */
  function fixPngCrc(png: Buffer): Buffer {
    let crc = 0xffffffff;
    for (const byte of png.subarray(12, 29)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    png.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 29);
    return png;
  }

  it("refuses a file of 1 kB that claims 17000×17000 before decoding it", async () => {
    const before = process.memoryUsage().rss;
    const { open, decode } = nodeImageDecoder();
    for (const bytes of Object.values(bomb(17000, 17000))) {
      for (const read of [decode, open]) {
        expect(await problemOf(read?.(bytes) as Promise<unknown>)).toBe(
          "bytes: has 17000×17000 pixels, more than the limit of 178956970; scale it down or raise maxPixels.",
        );
      }
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
  });

  it("is an option", async () => {
    const picture = file("images/pillow/hopper.png");
    expect(await problemOf(nodeImageDecoder({ maxPixels: 128 * 128 - 1 }).decode(picture))).toContain("128×128");
    expect(await nodeImageDecoder({ maxPixels: 128 * 128 }).decode(picture)).toMatchObject({ width: 128, height: 128 });
  });
});
