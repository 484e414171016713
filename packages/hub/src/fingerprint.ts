/**
 * FNV-1a of 64 bits over some bytes, in hexadecimal: tells two contents apart for names and keys; it is no defence against an
 * attacker.
 */
export function fingerprint(parts: Iterable<Uint8Array | string>): string {
  let low = 0x84222325;
  let high = 0xcbf29ce4;
  for (const part of parts) {
    const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
    for (const byte of bytes) {
      // hash = (hash ^ byte) · 0x100000001b3 mod 2^64, in two 32-bit halves since BigInt per byte is slow.
      low = (low ^ byte) >>> 0;
      const product = low * 0x1b3;
      high = (Math.imul(high, 0x1b3) + Math.floor(product / 0x100000000) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
