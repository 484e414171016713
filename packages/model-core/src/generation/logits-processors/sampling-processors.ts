import { epsilonCutoff } from "./epsilon-cutoff.js";
import { etaCutoff } from "./eta-cutoff.js";
import { minP } from "./min-p.js";
import type { AddProcessor } from "./processor-list.js";
import { temperature } from "./temperature.js";
import { topH } from "./top-h.js";
import { topK } from "./top-k.js";
import { topP } from "./top-p.js";
import { typicalP } from "./typical-p.js";

/** Adds the processors that only sampling has, in the order of the reference. */
export function addSamplingProcessors(add: AddProcessor, vocabSize: number): void {
  add("temperature", temperature, 1);
  add("topH", (h) => topH(h, vocabSize));
  add("topK", (k) => topK(k, vocabSize), 0);
  add("topP", (p) => topP(p, vocabSize), 1);
  add("minP", minP);
  add("typicalP", (mass) => typicalP(mass, vocabSize), 1);
  add("epsilonCutoff", epsilonCutoff, 0);
  add("etaCutoff", etaCutoff, 0);
}
