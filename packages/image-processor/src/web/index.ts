export { objectKind } from "../decode/object-kind.js";
export { checkLength } from "../decode/image-file.js";
export { displayUrl, fetchMedia, inTime, type FetchLimits } from "./fetch-media.js";
export { isDrawable, type Drawable } from "./read-drawable.js";
export { cameraFrame, trackFrames } from "./track-frames.js";
export {
  webImageDecoder,
  type WebImageDecoder,
  type WebImageDecoderOptions,
  type WebImageSource,
} from "./web-image-decoder.js";
