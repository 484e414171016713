export type { VideoDecoderOptions } from "../decoder-options.js";
export type { ColorMatrix } from "../yuv-to-rgb.js";
export type { WebFrame, WebFrameSequence } from "./web-frames.js";
export {
  webVideoDecoder,
  type WebVideoDecoder,
  type WebVideoDecoderOptions,
  type WebVideoSource,
} from "./web-video-decoder.js";
