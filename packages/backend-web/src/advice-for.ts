/** What can be done about an error of onnxruntime-web with this text; undefined when that is not known. */
export function adviceFor(text: string): string | undefined {
  const known: readonly [RegExp, string][] = [
    [/wasm-unsafe-eval|Content Security Policy|unsafe-eval/i, "allow 'wasm-unsafe-eval' in script-src"],
    [
      /allocate|bad_alloc|out of memory|memory access out of bounds/i,
      "use a smaller model or batch, or close other tabs",
    ],
    [
      /no available backend found|Failed to fetch|initializing the WebAssembly|dynamically imported/i,
      "check that `wasmPaths` lead to ONNX Runtime's files",
    ],
    [/protobuf|No graph was found/i, "the graph is not a complete ONNX model; build it again"],
    [
      /No Op registered|NOT_IMPLEMENTED|Could not find an implementation|cpu_ep_fallback/i,
      'this device has no such kernel; use device "wasm"',
    ],
  ];
  return known.find(([pattern]) => pattern.test(text))?.[1];
}
