import { tensor, type Backend, type Tensor } from "smolvlm";

/** `y` [n, m] = `a` [n, k] · `b` [k, m] as serialised ONNX models: float32, and uint8 · int8 → int32. */
const models = {
  float32:
    "CAoSDXNtb2x2bG0tdGVzdHM6YAoRCgFhCgFiEgF5IgZNYXRNdWwSBk1hdE11bFoVCgFhEhAKDggBEgoKAxIBbgoDEgFrWhUKAWISEAoOCAESCgoDEgFrCgMSAW1iFQoB" +
    "eRIQCg4IARIKCgMSAW4KAxIBbUIECgAQFUIRCg1jb20ubWljcm9zb2Z0EAE=",
  int8:
    "CAoSDXNtb2x2bG0tdGVzdHM6bgoYCgFhCgFiEgF5Ig1NYXRNdWxJbnRlZ2VyEg1NYXRNdWxJbnRlZ2VyWhUKAWESEAoOCAISCgoDEgFuCgMSAWtaFQoBYhIQCg4IAxIK" +
    "CgMSAWsKAxIBbWIVCgF5EhAKDggGEgoKAxIBbgoDEgFtQgQKABAVQhEKDWNvbS5taWNyb3NvZnQQAQ==",
};
/** Large enough that reading the matrices takes no time beside multiplying them. */
const SIZE = 1536;
const TRIES = 3;

/** Most operations a second of a matrix product on a backend, over a few tries; a product and a sum are two. */
export async function productRate(backend: Backend, kind: keyof typeof models): Promise<number> {
  const model = Uint8Array.from(atob(models[kind]), (character) => character.charCodeAt(0));
  await using session = await backend.createSession({ name: `${kind} product`, model, externalData: [] });
  const feeds = kind === "float32" ? { a: ones("float32"), b: ones("float32") } : { a: ones("uint8"), b: ones("int8") };
  let best = 0;
  // The first run makes room for the result.
  for (let run = 0; run <= TRIES; run++) {
    const start = performance.now();
    await session.run(feeds);
    if (run > 0) best = Math.max(best, (1000 * 2 * SIZE ** 3) / (performance.now() - start));
  }
  return best;
}

function ones(dtype: "float32" | "uint8" | "int8"): Tensor {
  const length = SIZE * SIZE;
  const data = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array }[dtype];
  return tensor(dtype, [SIZE, SIZE], new data(length).fill(1) as never);
}
