/**
 * Uniform random numbers in [0, 1) with 53 bits: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c, in the
 * public domain), its state filled from the seed by splitmix64 as its authors recommend. Integer arithmetic only, so every platform
 * draws the same numbers. Not for cryptography.
 *
 * @param seed An integer from 0 to `Number.MAX_SAFE_INTEGER`.
 */
export function xoshiro128(seed: number): () => number {
  const next = xoshiro128Words(splitmix64Words(seed));
  return () => {
    const high = next() >>> 5;
    const low = next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  };
}

/**
 * The generator itself: 32 random bits a call, from a state of four 32-bit words that are not all 0.
 *
 * @internal
 */
export function xoshiro128Words(state: readonly [number, number, number, number]): () => number {
  let [s0, s1, s2, s3] = state;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    return result;
  };
}

/** Four words from two outputs of splitmix64 (https://prng.di.unimi.it/splitmix64.c), low half first. @internal */
export function splitmix64Words(seed: number): [number, number, number, number] {
  let state = BigInt(seed);
  const next = (): bigint => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
  const first = next();
  const second = next();
  const low = (word: bigint): number => Number(BigInt.asUintN(32, word));
  return [low(first), low(first >> 32n), low(second), low(second >> 32n)];
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
