export { nodeImageDecoder, type NodeImageDecoderOptions } from "./node-image-decoder.js";
export { displayUrl, fetchMedia, type FetchLimits } from "./fetch-image.js";
export { loadSharp } from "./load-sharp.js";
