import { signal } from "@preact/signals";
import type { Problem } from "../lib/problem.js";

/** A problem that belongs to no answer and no model, told above the question. */
export const notice = signal<Problem | undefined>(undefined);
