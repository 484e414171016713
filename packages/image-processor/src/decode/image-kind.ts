/** The file formats that a decoder of ours reads. */
export type ImageKind = "jpeg" | "png" | "gif" | "webp" | "tiff" | "bmp" | "avif";

/** What a file is, by its first bytes. */
interface Signature {
  readonly name: string;
  /** Absent for formats that are recognised only to be refused by name. */
  readonly kind?: ImageKind;
  /** Whether `head`, the first bytes with one character a byte, is the start of such a file. */
  readonly matches: (head: string) => boolean;
}

/** How far into a file a signature may reach: the brands of an AVIF file take the most. */
const SIGNATURE_BYTES = 64;

const starts =
  (...prefixes: readonly string[]) =>
  (head: string): boolean =>
    prefixes.some((prefix) => head.startsWith(prefix));

/** Whether the file is made of ISO boxes and names one of these brands, or any. */
const hasBrand =
  (...brands: readonly string[]) =>
  (head: string): boolean => {
    if (head.slice(4, 8) !== "ftyp") return false;
    const named = head.slice(8).match(/[^]{4}/g) ?? [];
    return brands.length === 0 || named.some((brand) => brands.includes(brand));
  };

const SIGNATURES: readonly Signature[] = [
  { name: "JPEG", kind: "jpeg", matches: starts("\xff\xd8\xff") },
  { name: "PNG", kind: "png", matches: starts("\x89PNG\r\n\x1a\n") },
  { name: "GIF", kind: "gif", matches: starts("GIF87a", "GIF89a") },
  { name: "WebP", kind: "webp", matches: (head) => head.startsWith("RIFF") && head.startsWith("WEBP", 8) },
  { name: "TIFF", kind: "tiff", matches: starts("II*\0", "II+\0", "MM\0*", "MM\0+") },
  { name: "BMP", kind: "bmp", matches: starts("BM") },
  { name: "AVIF", kind: "avif", matches: hasBrand("avif", "avis") },
  { name: "HEIC", matches: hasBrand("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1") },
  { name: "a video", matches: (head) => hasBrand()(head) || head.startsWith("\x1aE\xdf\xa3") },
  { name: "JPEG XL", matches: starts("\xff\x0a", "\0\0\0\x0cJXL ") },
  { name: "JPEG 2000", matches: starts("\xff\x4f\xff\x51", "\0\0\0\x0cjP  ") },
  { name: "ICO", matches: starts("\0\0\x01\0", "\0\0\x02\0") },
  { name: "PNM", matches: (head) => /^P[1-7]\s/.test(head) },
  { name: "PSD", matches: starts("8BPS") },
  { name: "PDF", matches: starts("%PDF") },
  { name: "HTML", matches: (head) => /^\s*<(?:!doctype html|html)/i.test(head) },
  { name: "SVG or XML", matches: (head) => /^\s*<(?:\?xml|svg|!--)/i.test(head) },
];

/** What a file's first bytes say it is: a kind that can be read, or the name of one that cannot, if it is known. */
export function imageKind(bytes: Uint8Array): Pick<Signature, "name" | "kind"> | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, SIGNATURE_BYTES));
  return SIGNATURES.find(({ matches }) => matches(head));
}
