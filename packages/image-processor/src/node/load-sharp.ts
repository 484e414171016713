import { MediaError } from "@smolvlm/contracts";
import type sharp from "sharp";

let loading: Promise<typeof sharp> | undefined;

/**
 * Loads the optional peer `sharp`, once.
 *
 * @throws MediaError that says how to get it, when it is not installed or has no binary for this machine.
 */
export async function loadSharp(media: string): Promise<typeof sharp> {
  loading ??= import("sharp").then((module) => module.default);
  try {
    return await loading;
  } catch (cause) {
    loading = undefined;
    throw new MediaError(
      media,
      "reading pictures in Node needs the package sharp; install it with: npm install sharp",
      { cause },
    );
  }
}
