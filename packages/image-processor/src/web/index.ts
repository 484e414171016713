export { cameraFrame } from "./camera-frame.js";
export type { Drawable } from "./read-drawable.js";
export {
  webImageDecoder,
  type WebImageDecoder,
  type WebImageDecoderOptions,
  type WebImageSource,
} from "./web-image-decoder.js";
