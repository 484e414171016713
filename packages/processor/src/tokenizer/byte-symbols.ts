/**
 * The 256 characters that stand for bytes in a byte-level vocabulary (GPT-2's table): printable Latin-1 characters stand for
 * themselves, the other 68 bytes for the characters from U+0100 on, in order.
 */
export const BYTE_SYMBOLS: readonly string[] = (() => {
  const symbols: string[] = [];
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    symbols.push(String.fromCharCode(printable ? byte : next++));
  }
  return symbols;
})();

const BYTE_OF_SYMBOL: ReadonlyMap<string, number> = new Map(BYTE_SYMBOLS.map((symbol, byte) => [symbol, byte]));

/**
 * The bytes of one token. As in the reference's decoder, a token with any character outside the table (an added token such as one
 * with a space) is its own UTF-8 text.
 */
export function tokenBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF_SYMBOL.get(token.charAt(i));
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes[i] = byte;
  }
  return bytes;
}
