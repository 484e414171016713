/**
 * Palette indices as RGB. An index outside the palette is black, as in Pillow; without a palette the indices are grey levels.
 *
 * @param palette three bytes a colour: red, green, blue.
 */
export function palettePixels(indices: Uint8Array, palette: Uint8Array | undefined): Uint8Array {
  const colours = new Uint8Array(256 * 3);
  if (palette) colours.set(palette.subarray(0, colours.length));
  else for (let i = 0; i < colours.length; i++) colours[i] = Math.trunc(i / 3);
  const data = new Uint8Array(indices.length * 3);
  for (let i = 0, to = 0; i < indices.length; i++, to += 3) {
    const from = (indices[i] as number) * 3;
    data[to] = colours[from] as number;
    data[to + 1] = colours[from + 1] as number;
    data[to + 2] = colours[from + 2] as number;
  }
  return data;
}

/** Whether colour i is the grey level i all along. Pillow then forgets the palette, and indices outside it become grey levels. */
export function isGreyRamp(palette: Uint8Array): boolean {
  return palette.every((value, i) => value === Math.trunc(i / 3));
}
