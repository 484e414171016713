import { MediaError, type RawImage } from "@smolvlm/contracts";
import type { TileReader } from "./bitmap-tile-reader.js";

/** Side of the squares in which pixels are read: as large as any GPU's textures, and small enough for memory to stay flat. */
const TILE = 2048;

/** Whether a pixel of these RGBA values is not opaque. */
function hasAlpha(rgba: Uint8Array | Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return true;
  return false;
}

/** What is said when a page may not read, or cannot read, what it was given. */
export function readFailure(media: string, cause: unknown): MediaError {
  const isForeign = cause instanceof DOMException && cause.name === "SecurityError";
  const problem = isForeign
    ? 'its pixels may not be read: it comes from another site. Load it with crossorigin="anonymous", from a server that allows this.'
    : "its pixels could not be read by this browser.";
  return new MediaError(media, problem, { cause });
}

function canvasTile(width: number, height: number): OffscreenCanvasRenderingContext2D | undefined {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  return context ?? undefined;
}

/**
 * What can be drawn, as RGB. Alpha is dropped: hidden colours appear where the source has them still. A canvas keeps them multiplied by
 * alpha, that is not at all where they are fully transparent, so tiles with alpha are read once more, in another way.
 *
 * @param keepsColours whether colours under alpha are still there: of a bitmap made with `premultiplyAlpha: "none"`
 * @throws MediaError when the page may not read its pixels.
 */
export async function readPixels(
  source: ImageBitmap | VideoFrame,
  size: { readonly width: number; readonly height: number },
  keepsColours: boolean,
  media: string,
): Promise<RawImage> {
  const { width, height } = size;
  const canvas = canvasTile(Math.min(width, TILE), Math.min(height, TILE));
  if (!canvas)
    throw new MediaError(media, "this browser gives no canvas to read its pixels; free memory and try again.");
  canvas.globalCompositeOperation = "copy";
  canvas.imageSmoothingEnabled = false;
  let unmultiplied: TileReader | undefined;
  const data = new Uint8Array(width * height * 3);
  try {
    for (let top = 0; top < height; top += TILE) {
      for (let left = 0; left < width; left += TILE) {
        const tile = { left, top, width: Math.min(TILE, width - left), height: Math.min(TILE, height - top) };
        canvas.drawImage(source, -left, -top, width, height);
        let rgba: Uint8Array | Uint8ClampedArray = canvas.getImageData(0, 0, tile.width, tile.height).data;
        if (keepsColours && source instanceof ImageBitmap && hasAlpha(rgba)) {
          // Loaded when it is needed: most pictures are opaque.
          unmultiplied ??= (await import("./bitmap-tile-reader.js")).bitmapTileReader(source, media);
          rgba = unmultiplied.read(tile);
        }
        for (let row = 0, from = 0; row < tile.height; row++) {
          let to = ((top + row) * width + left) * 3;
          for (let column = 0; column < tile.width; column++, from += 4) {
            data[to++] = rgba[from] as number;
            data[to++] = rgba[from + 1] as number;
            data[to++] = rgba[from + 2] as number;
          }
        }
      }
    }
  } catch (cause) {
    if (MediaError.isInstance(cause)) throw cause;
    throw readFailure(media, cause);
  } finally {
    unmultiplied?.close();
  }
  return { width, height, data };
}
