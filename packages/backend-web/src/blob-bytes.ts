/** The part of a worker's globals that a page does not have. */
interface WorkerScope {
  readonly FileReaderSync: new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer };
}

/**
 * The bytes of a blob as ONNX Runtime takes external data: an array that it asks for the part of one tensor after the other. Each is read
 * from the blob only then, so that no weight is in memory beside its copy in ONNX Runtime's own. Only a worker can wait for a read.
 *
 * @param onProblem called when a part cannot be read, since ONNX Runtime tells nothing of the reason.
 */
export function blobBytes(blob: Blob, onProblem: (problem: unknown) => void): Uint8Array<ArrayBuffer> {
  const reader = new (globalThis as unknown as WorkerScope).FileReaderSync();
  function subarray(start = 0, end = blob.size): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, end)));
    } catch (problem) {
      onProblem(problem);
      throw problem;
    }
  }
  return Object.defineProperties(new Uint8Array(0), {
    byteLength: { value: blob.size },
    subarray: { value: subarray },
  });
}
