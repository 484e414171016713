import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Reference goldens. */
export const fixtures = `${root}fixtures/`;

/** Test media beside the repository. */
export const sharedData = `${root}../shared/data/`;

if (!existsSync(sharedData)) throw new RangeError(`The test data is missing: expected the folder ${sharedData}`);
