import { Buffer } from "node:buffer";
import sharp from "sharp";

/**
 * A picture that compresses and scales like a photo: soft shapes of many sizes, hard edges, and grain. The same size gives the same
 * bytes with the same sharp.
 *
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Buffer>} a JPEG file of quality 90.
 */
export async function syntheticPhoto(width, height) {
  const layers = await Promise.all(
    [8, 32, 128, 512].map((cells, index) => noiseLayer(cells, width, height, index + 1)),
  );
  const pixels = Buffer.alloc(width * height * 3);
  const random = generator(99);
  for (let at = 0; at < pixels.length; at++) {
    const x = Math.floor(at / 3) % width;
    const y = Math.floor(at / 3 / width);
    const edge = (Math.floor((8 * x) / width) + Math.floor((6 * y) / height)) % 2 === 0 ? 24 : -24;
    const soft = 0.5 * layers[0][at] + 0.25 * layers[1][at] + 0.15 * layers[2][at] + 0.1 * layers[3][at];
    pixels[at] = Math.max(0, Math.min(255, soft + edge + 8 * (random() - 0.5)));
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

async function noiseLayer(cells, width, height, seed) {
  const rows = Math.ceil((cells * height) / width);
  const random = generator(seed);
  const noise = Buffer.from(Array.from({ length: cells * rows * 3 }, () => 255 * random()));
  const small = sharp(noise, { raw: { width: cells, height: rows, channels: 3 } });
  return small.resize(width, height, { fit: "fill", kernel: "cubic" }).raw().toBuffer();
}

/** Numbers from 0 to 1 by Mulberry's method. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
