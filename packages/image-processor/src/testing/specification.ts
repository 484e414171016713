/** The golden hashes of the specification, §2.7, and the pictures they are of; for tests in Node and in browsers. */
import type { RawImage } from "@smolvlm/contracts";
import type { ImageProcessor } from "../image-processor.js";
import type { ImageProcessorOutput } from "../preprocess.js";
import { SmolVLMImageProcessor } from "../smolvlm-image-processor.js";
import { SmolVLMImageProcessorFast } from "../smolvlm-image-processor-fast.js";

/** The synthetic picture of the specification §2.7 (t = 0) and of fixtures/README.md. */
export function synthetic(width: number, height: number, t = 0): RawImage {
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[at++] = 7 * x + 13 * y + 37 * t;
      data[at++] = 3 * x + 29 * y + 17 + 5 * t;
      data[at++] = Math.floor((x * y) / 5) + 91 + 11 * t;
    }
  }
  return { width, height, data };
}

/** The frames back as bytes, as §2.7 hashes them: `round((v · 0.5 + 0.5) · 255)`; adding a half and truncating rounds these. */
export function levels(output: ImageProcessorOutput): Uint8Array {
  const values = output.pixelValues.data;
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (values[i] as number) * 127.5 + 128;
  return bytes;
}

export function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += bytes[i] as number;
  return sum;
}

const official = { size: { longestEdge: 2048 }, maxImageSize: { longestEdge: 512 } };
/** The four stacks of the table, in its order. */
export const columns: readonly ImageProcessor[] = [
  new SmolVLMImageProcessor(official),
  new SmolVLMImageProcessorFast(official),
  new SmolVLMImageProcessorFast({ ...official, flavour: "transformers-5-bicubic" }),
  new SmolVLMImageProcessorFast({ ...official, flavour: "transformers-4" }),
];

/** Source hash, grid, and for splitting and not splitting: hash / sum in each of the four columns of §2.7. */
export const specification = [
  [64, 48, "7df694a307589cf2", 3, 4,
    ["d4e12465cc721b5e / 1323670492", "74c88a3326dcba00 / 1323756777", "fcd0534395270ac3 / 1323680078", "2a6965209d18e584 / 1323647905"],
    ["4e8a3d64c8ca0f24 / 101824095", "6f56af7df1684958 / 101837399", "2c7e0c0f0d617e98 / 101836569", "8ff30828c9ab593f / 101819833"]],
  [48, 64, "e21b3cf04b696683", 4, 3,
    ["337789af370e66a9 / 1312603659", "8cd8da1e905407d8 / 1312686953", "f4f47e662c83aa7e / 1312602177", "92035fddbd2c5397 / 1312576716"],
    ["a2ed133cd37c1efa / 100972945", "a2b13149ab1702ea / 100987286", "b95a1aea1dea05f9 / 100981548", "49b7647fd02fb4bd / 100968124"]],
  [96, 96, "18067b5377914966", 4, 4,
    ["e7cf9f148fe108bf / 1718008847", "60e4302082e636c5 / 1718021897", "00219bae30505a95 / 1718105721", "b4cc65a514094203 / 1718041407"],
    ["a4a282698852252a / 101062559", "1060f89f535d5789 / 101070144", "f57071fdf2613e2a / 101134944", "9464354ea80d8ab6 / 101059469"]],
  [333, 500, "31efa8bca0107c72", 4, 3,
    ["8955e713440a80a5 / 1304945767", "b2bbc0bf0a4d01af / 1304942650", "c8237f488e32bc64 / 1304992649", "8a72121d5729b328 / 1304979343"],
    ["e15ab8ae9e8021ef / 100379678", "e082ebaad83728d6 / 100379331", "7d34961809733404 / 100395327", "252fa1302dbd8c20 / 100383664"]],
  [200, 61, "a5563d1d774d4ee5", 2, 4,
    ["2582569d31bdc355 / 907662924", "b33a5187327ff6f7 / 907694525", "f91c8b56b6a4129e / 907730701", "3f6e7d0f59be83f4 / 907672790"],
    ["fb7c91000e9c37e5 / 100859069", "2190cbc2e4704274 / 100865445", "16bc297391109c75 / 100875804", "74a5df8a22cb0596 / 100852667"]],
] as const; // prettier-ignore
