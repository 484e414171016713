/** Whether a PNG file is grey of 16 bits without alpha, which Pillow alone reads without scaling it to 8. */
export function isGrey16Png(bytes: Uint8Array): boolean {
  return bytes.length > 28 && bytes[24] === 16 && bytes[25] === 0;
}
