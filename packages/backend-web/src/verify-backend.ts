import { BackendError, tensor, type Backend } from "@smolvlm/contracts";

/** `y` = softmax(`a` [n, 4] · `b` [4, 3]) as a serialised ONNX model. */
const model =
  "CAoSDXNtb2x2bG0tdGVzdHM6bgoSCgFhCgFiEgJhYiIGTWF0TXVsChAKAmFiEgF5IgdTb2Z0bWF4EgVwcm9iZVoUCgFhEg8KDQgBEgkKAxIBbgoC" +
  "CARaEwoBYhIOCgwIARIICgIIBAoCCANiFAoBeRIPCg0IARIJCgMSAW4KAggDQgQKABAVQhEKDWNvbS5taWNyb3NvZnQQAQ==";
/** softmax(0, 1, 2) and softmax(3, 3, 3). */
const expected = [0.09003057, 0.24472847, 0.66524096, 1 / 3, 1 / 3, 1 / 3];
/** Far above the rounding of any float32 kernel, far below any wrong result. */
const TOLERANCE = 1e-4;

/**
 * Runs a tiny graph whose result is known.
 *
 * @throws BackendError when it cannot run or its numbers are wrong.
 */
export async function verifyBackend(backend: Backend): Promise<void> {
  const bytes = Uint8Array.from(atob(model), (character) => character.charCodeAt(0));
  const session = await backend.createSession({ name: "probe", model: bytes, externalData: [] });
  const feeds = {
    a: tensor("float32", [2, 4], Float32Array.of(1, 0, 0, 0, 0, 1, 1, 1)),
    b: tensor("float32", [4, 3], Float32Array.of(0, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1)),
  };
  const { y } = await session.run(feeds).finally(() => session[Symbol.asyncDispose]());
  const found = [...((y?.data ?? []) as Float32Array)];
  if (expected.every((value, index) => Math.abs(value - (found[index] ?? NaN)) < TOLERANCE)) return;
  throw new BackendError(backend.name, `a tiny graph gave ${found.join(", ")} in place of ${expected.join(", ")}.`);
}
