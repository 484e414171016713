/** One end of a channel whose other end is closed: what is moved into it is gone. */
let nowhere: ReturnType<typeof closedPort> | undefined;

/**
 * Frees the buffers of arrays that nobody uses any more, now instead of some time later: a garbage collector looks at the size of its own heap and
 * lets tens of megabytes of array buffers lie. The arrays, and all others of the same buffers, are empty afterwards.
 */
export function freeBuffers(arrays: Iterable<{ readonly buffer: ArrayBufferLike }>): void {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer } of arrays) {
    // Those that are empty may have been moved elsewhere, and cannot be moved again.
    if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) buffers.add(buffer);
  }
  if (buffers.size === 0) return;
  nowhere ??= closedPort();
  nowhere.postMessage(undefined, [...buffers]);
}

// The type of a port has another name in each platform's types.
function closedPort() {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
