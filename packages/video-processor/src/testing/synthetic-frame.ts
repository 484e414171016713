import type { RawImage } from "@smolvlm/contracts";

/** The synthetic frame of the specification §3.2 and of fixtures/README.md. */
export function syntheticFrame(width: number, height: number, t: number): RawImage {
  const data = new Uint8Array(width * height * 3);
  let i = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[i++] = 7 * x + 13 * y + 37 * t;
      data[i++] = 3 * x + 29 * y + 17 + 5 * t;
      data[i++] = Math.floor((x * y) / 5) + 91 + 11 * t;
    }
  }
  return { width, height, data };
}
