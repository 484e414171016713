import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { openModel } from "smolvlm";
import { writeTransformersJs } from "./write-transformers-js.mjs";

/** Where a checkpoint's layouts for the peers are kept, by its content. */
export async function layoutsFolder(checkpoint) {
  const { revision } = await openModel(checkpoint);
  return join(tmpdir(), "smolvlm-bench", "layouts", `${basename(checkpoint)}-${revision.slice(-12)}`);
}

/**
 * The checkpoint as fp32 and q8 in the layout of transformers.js, written once.
 *
 * @param {string} checkpoint
 * @param {(line: string) => void} log
 * @returns {Promise<string>} the folder.
 */
export async function transformersJsFolder(checkpoint, log) {
  const folder = join(await layoutsFolder(checkpoint), "transformers.js");
  // The configuration is written last.
  const isThere = await access(join(folder, "config.json")).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    log(`writing ${folder}`);
    await writeTransformersJs(checkpoint, folder, ["fp32", "q8"]);
  }
  return folder;
}
