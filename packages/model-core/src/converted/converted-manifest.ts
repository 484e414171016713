import { readJsonFile } from "@smolvlm/config";
import { ModelFileError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import type { PartFormats } from "../inference/dtype.js";
import { weightFormats } from "../weights/weight-format.js";

/** The file that makes a folder a converted one. */
export const MANIFEST_FILE = "smolvlm.json";
/** To be raised when older readers would misread a folder. */
export const MANIFEST_VERSION = 1;

/** What a converted folder says of itself. */
export interface ConvertedManifest {
  readonly version: number;
  readonly formats: PartFormats;
  /** What it was made from. */
  readonly source: { readonly model: string; readonly revision: string };
}

/**
 * What a folder was converted to; undefined where it is an original checkpoint.
 *
 * @throws ModelFileError when its manifest is damaged or newer than this package.
 */
export async function readManifest(files: ModelFiles, options?: ReadOptions): Promise<ConvertedManifest | undefined> {
  const json = (await readJsonFile(files, MANIFEST_FILE, { ...options })) as Partial<ConvertedManifest> | undefined;
  if (json === undefined) return undefined;
  if (typeof json?.version === "number" && json.version > MANIFEST_VERSION) {
    throw new ModelFileError(
      MANIFEST_FILE,
      `is of version ${json.version} and this package reads up to ${MANIFEST_VERSION}; update it.`,
    );
  }
  const { vision, text, head } = (json?.formats ?? {}) as Partial<PartFormats>;
  if (![vision, text, head].every((format) => weightFormats.some((each) => each === format))) {
    throw new ModelFileError(MANIFEST_FILE, "does not say the formats of the weights; convert the model again.");
  }
  return json as ConvertedManifest;
}
