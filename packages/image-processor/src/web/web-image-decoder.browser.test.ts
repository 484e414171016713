import { readdirSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { deflateSync } from "node:zlib";
import { createHash } from "node:crypto";
import { call, type BrowserPage } from "@smolvlm/tooling/browser-page";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeImageDecoder } from "../node/node-image-decoder.js";
import { openTestPage, sharedData } from "../testing/open-test-page.js";
import type { Decoded, DecodeRequest } from "../testing/page.js";

interface Golden {
  readonly width: number;
  readonly height: number;
  readonly sha256: string;
}
const goldens = JSON.parse(readFileSync(new URL("../../goldens/decode.json", import.meta.url), "utf8")) as {
  readonly oriented: Record<string, Golden>;
  readonly cases: readonly (Golden & { readonly name: string; readonly file: string })[];
};
const reference = (
  JSON.parse(readFileSync(new URL("images/pillow_reference.json", sharedData), "utf8")) as {
    readonly images: Record<string, { readonly size: readonly [number, number]; readonly rgb_sha256: string }>;
  }
).images;

/** Pillow's pixels are the rounded product of colour and light, Chromium's the product cut to whole levels; the README says so. */
const cmyk = ["sharp/Channel_digital_image_CMYK_color.jpg", "sharp/Channel_digital_image_CMYK_color_no_profile.jpg"];
const cmykCases = ["jpeg cmyk", "jpeg cmyk without adobe marker", "jpeg ycck", "jpeg cmyk exif 6"];
/** AVIF's own rotation is always applied; turned, they are Pillow's pixels. */
const rotatedAvif = { "pillow/avif_rot1mir0.avif": "0ddda1801451", "pillow/avif_rot3mir1.avif": "3cf0198aabba" };
const unsupported = ["pillow/16bit.cropped.tif", "pillow/hopper.ico", "pillow/hopper.ppm", "pillow/hopper.tif"];

let opened: BrowserPage;
let silent: ServerResponse | undefined;
beforeAll(async () => {
  opened = await openTestPage({
    respond(request, response) {
      if (request.url === "/moved") response.writeHead(302, { location: "/data/images/pillow/hopper.png" }).end();
      else if (request.url?.startsWith("/page?")) response.end("<!DOCTYPE html><html></html>");
      else if (request.url === "/silent") silent = response.writeHead(200, { "Content-Type": "image/png" });
      else return false;
      silent?.flushHeaders();
      return true;
    },
  });
});
afterAll(() => opened[Symbol.asyncDispose]());

const decode = (request: DecodeRequest) => call<Decoded>(opened.page, "decode", request);
const decodeAll = (requests: readonly DecodeRequest[]) => call<Decoded[]>(opened.page, "decodeAll", requests);

/** Names whose pixels are not the expected ones, and those that were refused. */
async function compare(expected: readonly (Golden & { readonly name: string })[], requests: readonly DecodeRequest[]) {
  const found = await decodeAll(requests);
  const names = (wanted: (decoded: Decoded, golden: Golden) => boolean): string[] =>
    expected.filter((golden, i) => wanted(found[i] as Decoded, golden)).map(({ name }) => name);
  const differs = ({ width, height, sha256 }: Decoded, golden: Golden): boolean =>
    sha256 !== golden.sha256 || width !== golden.width || height !== golden.height;
  return {
    refused: names(({ refused }) => refused !== undefined),
    different: names((decoded, golden) => decoded.refused === undefined && differs(decoded, golden)),
  };
}

describe("webImageDecoder and Pillow", () => {
  it("gives Pillow's pixels for all pictures but those listed in the README", async () => {
    const expected = Object.entries(reference).map(([name, { size: [width, height], rgb_sha256 }]) => ({
      name,
      width,
      height,
      sha256: rgb_sha256,
    })); // prettier-ignore
    const requests = expected.map(({ name }) => ({ url: `/data/images/${name}`, autoOrient: false }));
    const { refused, different } = await compare(expected, requests);
    expect(different).toEqual([...Object.keys(rotatedAvif), ...cmyk]);
    expect(refused).toEqual(unsupported);
    expect(expected).toHaveLength(105);
  }, 120_000);

  it("gives Pillow's pixels for every mode, depth and compression", async () => {
    const { refused, different } = await compare(
      goldens.cases,
      goldens.cases.map(({ file }) => ({ base64: file })),
    );
    expect(different).toEqual(cmykCases);
    expect(refused).toEqual(goldens.cases.map(({ name }) => name).filter((name) => name.startsWith("tiff")));
  });

  it("is in CMYK at most one level away from Pillow, which is what Node gives", async () => {
    const node = nodeImageDecoder({ autoOrient: false });
    for (const name of cmyk) {
      const exact = await node.decode(new URL(`images/${name}`, sharedData));
      expect(createHash("sha256").update(exact.data).digest("hex")).toBe(reference[name]?.rgb_sha256);
      const { pixels = "" } = await decode({ url: `/data/images/${name}`, pixels: true });
      const found = Buffer.from(pixels, "base64");
      expect(found.length).toBe(exact.data.length);
      expect(furthest(found, exact.data)).toBe(1);
    }
  });

  it("turns pictures as their EXIF or XMP orientation, or the AVIF file, says", async () => {
    const expected = Object.entries(goldens.oriented).map(([name, golden]) => ({ name, ...golden }));
    const requests = expected.map(({ name }) => ({ url: `/data/images/${name}` }));
    expect(await compare(expected, requests)).toEqual({ refused: [], different: [] });
    expect(expected.length).toBeGreaterThan(12);
    const rotated = await decodeAll(Object.keys(rotatedAvif).map((name) => ({ url: `/data/images/${name}` })));
    expect(rotated.map(({ sha256 }) => sha256?.slice(0, 12))).toEqual(Object.values(rotatedAvif));
  });

  it("loads the fixtures' pictures as the reference does", async () => {
    const manifest = JSON.parse(
      readFileSync(new URL("../../../../fixtures/media/manifest.json", import.meta.url), "utf8"),
    ) as { images: { path: string; loaded: { width: number; height: number; rgb_sha256: string } }[] };
    const expected = manifest.images.map(({ path, loaded }) => ({ name: path, sha256: loaded.rgb_sha256, ...loaded }));
    const requests = expected.map(({ name }) => ({ url: `/fixtures/media/${name}` }));
    expect((await compare(expected, requests)).different).toEqual([]);
  });

  it("reads what Pillow reads of damaged files, and refuses the others with one line", async () => {
    const readable = {
      "libvips_invalid_multiframe.gif": "a6de7413aa90",
      "pillow_background_outside_palette.gif": "709e80c88487",
      "pillow_exif_typeerror.jpg": "27ea7512ef75",
      "pillow_icc-after-SOF.jpg": "d13d4a8b3b8a",
      "pillow_no_palette.gif": "709e80c88487",
      "pillow_padded_idat.png": "2d3b2ee92b1b",
      "sharp_Crash_test.gif": "29bf24b7e1b6",
    };
    const names = readdirSync(new URL("corrupt/", sharedData)).sort();
    const found = await decodeAll(names.map((name) => ({ url: `/data/corrupt/${name}` })));
    const read = found.flatMap(({ sha256 }, i) => (sha256 ? [[names[i], sha256.slice(0, 12)]] : []));
    expect(Object.fromEntries(read)).toEqual(readable);
    const problems = found.flatMap(({ refused }) => refused ?? []);
    expect(problems).toHaveLength(22);
    for (const problem of problems) expect(problem).toMatch(/^Blob: [^\n]*\.$/);
  });

  it.each([
    [9001, 150],
    [150, 9001],
  ])("reads transparent pictures larger than a GPU takes at once: %i×%i", async (width, height) => {
    const raw = Buffer.alloc(height * (1 + width * 4));
    const rgb = Buffer.alloc(width * height * 3);
    let seed = 1;
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0, from = y * (1 + width * 4) + 1; x < width; x++, from += 4) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        raw.writeUInt32BE((seed & 0xffffff1f) >>> 0, from);
        for (let channel = 0; channel < 3; channel++) rgb[to++] = raw[from + channel] as number;
      }
    }
    const base64 = png(width, height, 6, raw, { level: 1 }).toString("base64");
    const expected = createHash("sha256").update(rgb).digest("hex");
    expect(await decode({ base64, as: "blob" })).toMatchObject({ width, height, sha256: expected });
  });

  it("reads interlaced grey of 16 bits, clipped as Pillow does", async () => {
    // Adam7 on 3 × 2 pixels: passes 1, 4, 6 and 7 are there.
    const rows = [[[0, 5]], [[1, 0]], [[0, 7]], [[0, 200], [2, 3], [0, 9]]]; // prettier-ignore
    const raw = Buffer.concat(rows.map((row) => Buffer.from([0, ...row.flat()])));
    const { sha256 } = await decode({
      base64: png(3, 2, 0, raw, { interlaced: true, bits: 16 }).toString("base64"),
      as: "blob",
    });
    const levels = [5, 7, 255, 200, 255, 9].flatMap((level) => [level, level, level]);
    expect(sha256).toBe(createHash("sha256").update(Uint8Array.from(levels)).digest("hex"));
  });
});

/** The largest difference of two byte sequences. */
function furthest(a: Uint8Array, b: Uint8Array | Uint8ClampedArray): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

/** A PNG file of raw rows, each after its filter's number. */
function png(
  width: number,
  height: number,
  colourType: number,
  raw: Buffer,
  { level = 6, interlaced = false, bits = 8 } = {},
): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    let crc = 0xffffffff;
    for (const byte of body) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colourType, 0, 0, interlaced ? 1 : 0], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const data = chunk("IDAT", deflateSync(raw, { level }));
  return Buffer.concat([signature, chunk("IHDR", header), data, chunk("IEND", Buffer.alloc(0))]);
}

describe("where a picture may come from", () => {
  const hopper = (): string => reference["pillow/hopper.png"]?.rgb_sha256 ?? "missing";

  it.each([
    "file", "bytes", "buffer", "blobUrl", "imageBitmap", "imageElement", "imageData", "canvas", "offscreenCanvas", "videoFrame",
  ] as const)("is %s", async (as) => {
    expect(await decode({ url: "/data/images/pillow/hopper.png", as })).toMatchObject({ sha256: hopper() });
  }); // prettier-ignore

  it("is an <img> whose colours under alpha are still there", async () => {
    const expected = reference["pillow/transparent.png"]?.rgb_sha256;
    const request = { url: "/data/images/pillow/transparent.png", as: "imageElement" } as const;
    expect(await decode(request)).toMatchObject({ sha256: expected });
  });

  it("is a URL, relative or whole, a data: URL, or base64", async () => {
    const path = "data/images/pillow/hopper.png";
    const base64 = readFileSync(new URL("images/pillow/hopper.png", sharedData)).toString("base64");
    const data = `data:image/png;base64,${base64}`;
    for (const url of [path, `/${path}`, `${opened.origin}/${path}`, "moved", data, base64]) {
      expect(await decode({ url })).toMatchObject({ sha256: hopper() });
    }
  });

  it("is what a worker was sent", async () => {
    const names = ["pillow/hopper.png", "pillow/transparent.png", "pillow/hopper_orientation_2.jpg"];
    const requests = names.map((name) => ({ url: `/data/images/${name}`, autoOrient: false }));
    const found = await call<Decoded[]>(opened.page, "decodeInWorker", requests);
    expect(found.map(({ sha256 }) => sha256)).toEqual(names.map((name) => reference[name]?.rgb_sha256));
  });

  it("is a video, once it has a frame", async () => {
    const url = "/data/videos/video.mp4";
    const { early, frame } = await call<{ early: Decoded; frame: Decoded }>(opened.page, "decodeVideoElement", { url });
    expect(early.refused).toBe("HTMLVideoElement: has no frame yet; wait for its event loadeddata.");
    expect(frame).toMatchObject({ width: 1920, height: 1080 });
    expect(frame.means?.every((mean) => mean > 150)).toBe(true);
  });

  it("is a camera, which stays open", async () => {
    interface Camera extends Record<"first" | "second" | "byElement", Decoded> {
      readonly state: string;
      readonly ended: string;
    }
    const camera = await call<Camera>(opened.page, "decodeCamera");
    for (const frame of [camera.first, camera.second, camera.byElement]) {
      expect(frame).toMatchObject({ width: 320, height: 240 });
      // Chromium's made-up camera shows a green picture.
      expect(frame.means?.[1]).toBeGreaterThan(100);
    }
    expect(camera.second.sha256).not.toBe(camera.first.sha256);
    expect(camera).toMatchObject({ state: "live", ended: "camera: has ended; open it again." });
  });

  it("is refused with a reason when there is nothing to read", async () => {
    const refuse = async (request: DecodeRequest) => expect((await decode(request)).refused);
    (await refuse({ url: "/missing.png" })).toBe(
      `${opened.origin}/missing.png: the server answered 404; check the address.`,
    );
    (await refuse({ url: "/page?token=secret" })).toMatch(/\/page: is HTML, which browsers do not read; give a JPEG/);
    (await refuse({ url: "http://127.0.0.1:1/a.png" })).toMatch(/could not be fetched: there is no connection/);
    (await refuse({ url: "file:///etc/hostname" })).toMatch(/may not read files by their address; give the File/);
    (await refuse({ url: "ftp://host/a.png" })).toMatch(/ftp: URLs are not read/);
    (await refuse({ url: "data:image/png" })).toMatch(/has no comma/);
    (await refuse({ url: "data:image/png;base64,$$$$" })).toMatch(/is not base64/);
    (await refuse({ base64: "", as: "blob" })).toMatch(/Blob: is empty/);
  });

  it("is limited in bytes, pixels and time, and can be given up", async () => {
    const url = "/data/images/pillow/hopper.png";
    expect((await decode({ url, maxBytes: 1000 })).refused).toMatch(/larger than the limit of 1000 bytes/);
    expect((await decode({ url, as: "blob", maxBytes: 1000 })).refused).toMatch(/larger than the limit of 1000 bytes/);
    for (const as of ["blob", "imageElement", "canvas", "imageBitmap", "videoFrame"] as const) {
      const { refused } = await decode({ url, as, maxPixels: 128 * 128 - 1 });
      expect(refused).toMatch(/has 128×128 pixels, more than the limit of 16383/);
    }
    expect((await decode({ url: "/silent", timeoutMs: 100 })).refused).toMatch(/did not arrive within 100 ms/);
    expect(await call(opened.page, "abort", { url: "/silent" })).toBe("AbortError");
  });
});
