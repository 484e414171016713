/** The test scenes of the bundled model: pictures and clips it was never trained on, one question each. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const folder = new URL("../../nano/evaluation/", import.meta.url);

/** @returns {Promise<{ id: string, task: string, conversation: object[] }[]>} with the media's paths as they are on this machine. */
export async function readScenes() {
  return JSON.parse(await readFile(new URL("cases.json", folder), "utf8"), (key, value) =>
    key === "path" ? fileURLToPath(new URL(value, folder)) : value,
  );
}
