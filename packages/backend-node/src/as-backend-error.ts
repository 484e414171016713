import { BackendError, SmolVLMError } from "@smolvlm/contracts";

/**
 * What an engine threw: what it refuses on purpose as it is, the rest as a BackendError that keeps the text (on one line) and
 * the cause, and adds what can be done about it.
 *
 * @param where the backend and the graph.
 * @param doing what failed, such as `run`.
 */
export function asBackendError(where: string, doing: string, error: unknown): SmolVLMError {
  if (SmolVLMError.isInstance(error)) return error;
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
  return new BackendError(where, `${doing} failed: ${text}${adviceFor(text)}`, { cause: error });
}

function adviceFor(text: string): string {
  const known: readonly [RegExp, string][] = [
    [/allocate|bad_alloc|out of memory/i, "use a smaller batch or dtype, or free other sessions"],
    [/protobuf parsing failed|Model data pointer is null/i, "the graph is not a complete ONNX model; build it again"],
    [
      /external data|external initializer|ENOENT/i,
      "check that the weight files are there, complete, and unchanged since the graph was built",
    ],
    [
      /shared library|cannot open|LoadLibrary/i,
      'install what the device needs (for CUDA, its libraries), or use device "cpu"',
    ],
    [
      /No Op registered|NOT_IMPLEMENTED|Could not find an implementation/i,
      'this device has no such kernel; use device "cpu"',
    ],
  ];
  const advice = known.find(([pattern]) => pattern.test(text))?.[1];
  return advice === undefined ? "" : ` — ${advice}.`;
}
