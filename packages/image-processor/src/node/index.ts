export { nodeImageDecoder, type NodeImageDecoderOptions } from "./node-image-decoder.js";
