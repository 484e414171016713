/** What can be done about an error of onnxruntime-node with this text; undefined when that is not known. */
export function adviceFor(text: string): string | undefined {
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
  return known.find(([pattern]) => pattern.test(text))?.[1];
}
