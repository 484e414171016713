import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The test scenes of the bundled model: pictures and clips it was never trained on, one question each. */
export const EVALUATION = fileURLToPath(new URL("evaluation", import.meta.url));

/** The cases that `evaluate.py` wrote to a folder, with the media's paths as they are on this machine. */
export async function readCases(folder = EVALUATION) {
  return JSON.parse(await readFile(join(folder, "cases.json"), "utf8"), (key, value) =>
    key === "path" ? join(folder, value) : value,
  );
}
