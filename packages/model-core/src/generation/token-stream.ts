import type { GenerateResult, GenerationStep } from "./generate-result.js";

/** A generation under way. Each step is computed when it is asked for; like a generator it can be iterated once. */
export interface TokenStream extends AsyncIterable<GenerationStep> {
  /**
   * What there is now, also after an error, an abort or leaving the loop early: rows still running have the finish reason `abort`. The
   * arrays are copies.
   */
  snapshot(): GenerateResult;
}
