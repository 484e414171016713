const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/** The orientation that EXIF data (a TIFF header and its first directory) names; undefined where it names none. */
export function exifOrientation(exif: Uint8Array): number | undefined {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  if (exif.length < 8) return undefined;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > exif.length) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0, at = directory + 2; i < entries && at + 12 <= exif.length; i++, at += 12) {
    if (view.getUint16(at, little) !== ORIENTATION_TAG || view.getUint16(at + 2, little) !== SHORT) continue;
    return view.getUint16(at + 8, little);
  }
  return undefined;
}

/** The orientation that an XMP packet names, by Pillow's pattern; undefined where it names none. */
export function xmpOrientation(xmp: Uint8Array): number | undefined {
  const [, digit] = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(xmp)) ?? [];
  return digit === undefined ? undefined : Number(digit);
}
