import { sampleToken } from "./sample-token.js";
import { xoshiro128 } from "./xoshiro128.js";

/** For each seed what draws a token from scores; see `sampleToken`. A module of its own, since only sampling loads it. */
export function samplers(seeds: readonly number[]): readonly ((scores: Float32Array) => number)[] {
  return seeds.map((seed) => {
    const random = xoshiro128(seed);
    return (scores) => sampleToken(scores, random);
  });
}
