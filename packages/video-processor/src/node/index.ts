export type { VideoDecoderOptions } from "../decoder-options.js";
export type { ColorMatrix } from "../yuv-to-rgb.js";
export { nodeVideoDecoder, type NodeVideoDecoderOptions } from "./node-video-decoder.js";
export type { VideoBackend } from "./open-file.js";
