export { frameIndicesAt, sampleFrameIndices, type FrameSampling, type SampledVideo } from "./sample-frame-indices.js";
export {
  SmolVLMVideoProcessor,
  type FrameStream,
  type PreparedFrames,
  type SampledFrames,
  type VideoCallOptions,
  type VideoProcessorOutput,
} from "./smolvlm-video-processor.js";
export { TruncatedVideoError, type ReadablePart } from "./truncated-video-error.js";
export type {
  FrameSequence,
  VideoDecoder,
  VideoFile,
  VideoFrameSource,
  VideoInput,
  VideoMetadata,
} from "./video-frame-source.js";
export {
  videoPreparer,
  type OpenFrameStream,
  type VideoPreparer,
  type VideoPreparerOptions,
} from "./video-preparer.js";
export type { ResolvedVideoOptions, VideoProcessorOptions, VideoSampling } from "./video-processor-options.js";
