import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { transformersJsFiles } from "@smolvlm/model-core";
import { openModel } from "smolvlm";

/**
 * Writes a checkpoint in the layout of transformers.js; its `config.json` comes last, so that a folder that has one is complete.
 *
 * @param {string} checkpoint
 * @param {string} folder
 * @param {string[]} dtypes
 */
export async function writeTransformersJs(checkpoint, folder, dtypes) {
  for (const { path, pieces } of await transformersJsFiles(await openModel(checkpoint), { dtypes })) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    const file = await open(target, "w");
    try {
      for await (const piece of pieces()) await file.writeFile(piece);
    } finally {
      await file.close();
    }
  }
}
