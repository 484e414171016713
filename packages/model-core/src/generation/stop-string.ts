/**
 * Whether the text of `ids` contains one of `stopStrings` such that its last character was completed by the newest id. That is the rule
 * of the reference: a stop string may begin anywhere, also in the prompt, and may end inside the newest token; one that was complete
 * before, as in the prompt's own text, does not count. Text is compared, so a character whose bytes are spread over tokens is found once
 * it is whole.
 *
 * @param decode Ids → text, special tokens included; incomplete UTF-8 becomes U+FFFD.
 */
export function stopStringMatcher(
  stopStrings: readonly string[],
  decode: (ids: Int32Array) => string,
): (ids: Int32Array) => boolean {
  const encoder = new TextEncoder();
  // A token holds at least one byte, so no match needs more tokens than its string has bytes.
  const window = Math.max(...stopStrings.map((text) => encoder.encode(text).length));
  return (ids) => {
    const recent = ids.subarray(-window);
    const text = decode(recent);
    const settled = commonPrefixLength(decode(recent.subarray(0, -1)), text);
    return stopStrings.some((stop) => text.indexOf(stop, Math.max(0, settled - stop.length + 1)) >= 0);
  };
}

function commonPrefixLength(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
