import { expect, it, vi } from "vitest";
import { nodeImageDecoder } from "./node-image-decoder.js";

vi.mock("sharp", () => {
  throw new TypeError("Cannot find package 'sharp'");
});

it("says how to get sharp when it is not installed", async () => {
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0);
  await expect(nodeImageDecoder().decode(jpeg)).rejects.toMatchObject({
    name: "MediaError",
    message: "bytes: reading pictures in Node needs the package sharp; install it with: npm install sharp",
  });
});
