import type { RawImage } from "smolvlm";

/** A picture of soft shapes, hard edges and grain, always the same for the same size. */
export function drawnPicture(width: number, height: number): RawImage {
  const data = new Uint8Array(width * height * 3);
  let state = 99;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edge = (Math.floor((8 * x) / width) + Math.floor((6 * y) / height)) % 2 === 0 ? 24 : -24;
      for (let colour = 0; colour < 3; colour++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const soft = 128 + 80 * Math.sin((x * (colour + 1)) / 97 + y / 61);
        data[3 * (y * width + x) + colour] = Math.max(0, Math.min(255, soft + edge + 8 * (state / 2 ** 32 - 0.5)));
      }
    }
  }
  return { width, height, data };
}
