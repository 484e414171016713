import { MediaError } from "@smolvlm/contracts";
import type { Metadata, Sharp } from "sharp";
import { checkSize, type DecodeContext } from "../decode/decode-context.js";
import type { ImageKind } from "../decode/image-kind.js";
import { loadSharp } from "./load-sharp.js";
import { isTurned, orientPixels } from "../decode/orient-pixels.js";
import type { OpenedImage } from "../image-decoder.js";

// ICC profiles are ignored because Pillow ignores them. `error` refuses truncated files and lets pass what libjpeg only warns about.
const OPTIONS = { ignoreIcc: true, failOn: "error", sequentialRead: true, limitInputPixels: false } as const;

/** The raw samples of one picture. */
async function samples(image: Sharp, depth: "uchar" | "ushort"): Promise<Buffer> {
  return image.raw({ depth }).toBuffer();
}

/** `a · b / 255`, rounded as Pillow's MULDIV255 does without dividing. */
function multiplyBytes(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** CMYK to RGB without a profile, by Pillow's rule. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - (cmyk[from + 3] as number);
    for (let channel = 0; channel < 3; channel++) {
      rgb[to + channel] = Math.max(0, light - multiplyBytes(cmyk[from + channel] as number, light));
    }
  }
  return rgb;
}

/** 16-bit grey to RGB by Pillow's rule: values above 255 are white. They are not scaled. */
function clippedGreyToRgb(grey: Uint16Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  grey.forEach((value, i) => rgb.fill(Math.min(value, 255), i * 3, i * 3 + 3));
  return rgb;
}

/** Whether Pillow opens the file in its mode `I;16`: one channel of 16 bits. A PNG with grey and alpha of 16 bits is read as 8 bits. */
function isGrey16(bytes: Uint8Array, kind: ImageKind, metadata: Metadata): boolean {
  const bitDepth = bytes[24];
  const colourType = bytes[25];
  if (kind === "png") return bitDepth === 16 && colourType === 0;
  return kind === "tiff" && metadata.depth === "ushort" && metadata.channels === 1;
}

/** The EXIF orientation; where there is none, that of the XMP packet, as in Pillow. */
function orientationOf(metadata: Metadata, kind: ImageKind): number {
  if (kind === "avif") return 1; // libheif has already applied the file's own rotation and mirroring.
  const xmp = metadata.xmp?.toString("latin1").match(/tiff:Orientation(?:="|>)([0-9])/);
  return metadata.orientation ?? Number(xmp?.[1] ?? 1);
}

async function rgbSamples(image: Sharp, bytes: Uint8Array, kind: ImageKind, metadata: Metadata): Promise<Uint8Array> {
  if (metadata.space === "cmyk") {
    return cmykToRgb(await samples(image.pipelineColourspace("cmyk").toColourspace("cmyk"), "uchar"));
  }
  if (isGrey16(bytes, kind, metadata)) {
    const grey = await samples(image.removeAlpha().toColourspace("grey16"), "ushort");
    return clippedGreyToRgb(new Uint16Array(grey.buffer, grey.byteOffset, grey.length / 2));
  }
  return samples(image.removeAlpha().toColourspace("srgb"), "uchar");
}

/** Makes an AVIF sequence look like a still picture, so that libvips reads its first image, as Pillow does. */
function asStillPicture(bytes: Uint8Array): Uint8Array {
  const still = Uint8Array.from(bytes);
  still[11] = "f".charCodeAt(0);
  return still;
}

/** libpng is content once it has every row; Pillow is not when a chunk after them is cut off. */
function checkPngChunks(bytes: Uint8Array, media: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IEND" || !/^[A-Za-z]{4}$/.test(type)) return;
    if (at + 8 + view.getUint32(at) > bytes.length) {
      throw new MediaError(media, `cannot be read as PNG (its chunk ${type} is cut off); the file is truncated.`);
    }
  }
}

function messageOf(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.replace(/^Input buffer has corrupt header: ?/, "").replace(/\.?$/, "");
}

/** What goes wrong in `work`, as a problem of the file. */
async function explained<T>(kind: ImageKind, { media }: DecodeContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (MediaError.isInstance(cause)) throw cause;
    const problem = messageOf(cause) || "its header makes no sense";
    throw new MediaError(media, `cannot be read as ${kind.toUpperCase()} (${problem}); the file is damaged.`, {
      cause,
    });
  }
}

/**
 * A JPEG, PNG, WebP, TIFF or AVIF file, whose pixels as RGB will equal those of Pillow's `convert("RGB")`: the first page, alpha dropped,
 * profiles ignored. Its header is read.
 *
 * @throws MediaError when the file is too large, its header is damaged, or sharp is missing; when it is decoded, when the rest is damaged or
 * truncated.
 */
export async function openWithSharp(bytes: Uint8Array, kind: ImageKind, context: DecodeContext): Promise<OpenedImage> {
  const sharp = await loadSharp(context.media);
  const input = kind === "avif" && bytes[11] === "s".charCodeAt(0) ? asStillPicture(bytes) : bytes;
  const metadata = await explained(kind, context, async () => {
    const found = await sharp(input, OPTIONS).metadata();
    checkSize(found.width, found.height, context);
    if (kind === "png") checkPngChunks(bytes, context.media);
    return found;
  });
  const orientation = context.autoOrient ? orientationOf(metadata, kind) : 1;
  const { width, height } = metadata;
  const size = isTurned(orientation) ? { width: height, height: width } : { width, height };
  return {
    ...size,
    async decode({ signal } = {}) {
      signal?.throwIfAborted();
      const data = await explained(kind, context, () => rgbSamples(sharp(input, OPTIONS), bytes, kind, metadata));
      signal?.throwIfAborted();
      return orientPixels({ width, height, data }, orientation);
    },
  };
}
