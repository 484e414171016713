import { signal } from "@preact/signals";
import { clearStored, listStored, measureStored, type StoredModel, type StoredSize } from "smolvlm";
import { problemOf } from "../lib/problem.js";
import { notice } from "./notice.js";

/** Models that this browser keeps, and how much room they take; undefined until they were looked at. */
export const stored = signal<{ readonly models: readonly StoredModel[]; readonly size: StoredSize } | undefined>(
  undefined,
);

/** Looks at what is kept. */
export async function refreshStored(): Promise<void> {
  try {
    stored.value = { models: await listStored(), size: await measureStored() };
  } catch (error) {
    notice.value = problemOf(error);
  }
}

/** Deletes one model, or all. */
export async function removeStored(revision?: string): Promise<void> {
  try {
    await clearStored(revision);
  } catch (error) {
    notice.value = problemOf(error);
  }
  await refreshStored();
}
