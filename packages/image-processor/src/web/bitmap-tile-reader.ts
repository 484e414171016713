import { MediaError } from "@smolvlm/contracts";

/** A rectangle of a picture, in pixels. */
export interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Reads rectangles of a bitmap as RGBA, colours not multiplied by alpha. */
export interface TileReader {
  read(tile: Tile): Uint8Array;
  /** Frees what it took of the GPU. */
  close(): void;
}

/**
 * A reader that takes a bitmap's values as they are, where a canvas would multiply them by alpha and divide again: by way of a WebGL 2
 * texture.
 *
 * @throws MediaError where there is no WebGL 2.
 */
export function bitmapTileReader(bitmap: ImageBitmap, media: string): TileReader {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (!gl) {
    throw new MediaError(
      media,
      "is partly transparent, which this browser reads exactly only with WebGL 2, and it has none here. Save it without transparency.",
    );
  }
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  const framebuffer = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  return {
    read({ left, top, width, height }) {
      gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, left);
      gl.pixelStorei(gl.UNPACK_SKIP_ROWS, top);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
      const rgba = new Uint8Array(width * height * 4);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
      const error = gl.getError();
      if (error === gl.NO_ERROR && !gl.isContextLost()) return rgba;
      throw new MediaError(media, `its transparent pixels could not be read (WebGL error ${error}); try again.`);
    },
    close() {
      gl.deleteFramebuffer(framebuffer);
      gl.deleteTexture(texture);
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}
