/** Prints a value as one line of JSON on stdout; typed arrays become arrays. */
export function writeJson(value: unknown): void {
  const text = JSON.stringify(value, (_key, entry: unknown) =>
    ArrayBuffer.isView(entry) ? [...(entry as Int32Array)] : entry,
  );
  process.stdout.write(`${text}\n`);
}
