import type { SmolVLMConfig } from "@smolvlm/config";
import { InvalidArgumentError, type ModelFiles, type Tensor } from "@smolvlm/contracts";
import { realFrames } from "./inference/frames.js";
import type { LoadProgress } from "./inference/graph-loader.js";
import { openLoader, type FromPretrainedOptions } from "./inference/model-runtime.js";
import { visionStates, type TowerStates } from "./inference/tower-states.js";
import { VisionEncoder } from "./inference/vision-encoder.js";
import { modelScope } from "./models/model-scope.js";

/** What {@link SmolVLMVisionTransformer.forward} takes. */
export interface VisionForwardInputs extends LoadProgress {
  /** Frames [samples, frames, colours, side, side]; frames that are all exactly 0 are left out. */
  readonly pixelValues: Tensor<"float32">;
  /** 1 where a frame has pixels [samples, frames, side, side]; everywhere by default. */
  readonly pixelAttentionMask?: Tensor<"bool"> | undefined;
  /** Whether `hiddenStates` are wanted; false by default. */
  readonly outputHiddenStates?: boolean | undefined;
}

/** What {@link SmolVLMVisionTransformer.forward} gives, all [real frames, patches, hidden]. */
export type VisionForwardOutput = Pick<TowerStates, "lastHiddenState"> & Partial<TowerStates>;

/** The SigLIP tower of a checkpoint alone, without the connector to the text model. */
export class SmolVLMVisionTransformer implements AsyncDisposable {
  readonly config: SmolVLMConfig;
  readonly #encoder: VisionEncoder;

  private constructor(encoder: VisionEncoder, config: SmolVLMConfig) {
    this.#encoder = encoder;
    this.config = config;
  }

  /**
   * Loads the tower of a checkpoint of the whole model; the rest of its weights is not looked at.
   *
   * @throws ModelFileError when a file is missing, damaged, or does not agree with the configuration; BackendError.
   */
  static async fromPretrained(files: ModelFiles, options: FromPretrainedOptions): Promise<SmolVLMVisionTransformer> {
    const { loader, config, formats } = await openLoader(files, options);
    const encoder = new VisionEncoder(loader, config, formats.vision);
    const plan = encoder.plan("tower");
    plan.build();
    modelScope(loader.weights).at("vision_model").checkAllUsed();
    await encoder.load(plan, "tower", options);
    return new SmolVLMVisionTransformer(encoder, config);
  }

  /** Encodes frames. @throws InvalidArgumentError for wrong shapes; BackendError; the signal's reason. */
  async forward(inputs: VisionForwardInputs): Promise<VisionForwardOutput> {
    const { pixelValues, pixelAttentionMask, outputHiddenStates = false } = inputs;
    const frames = realFrames(pixelValues, pixelAttentionMask, this.config);
    if (frames.length === 0) {
      const expected = "at least one frame that is not all 0";
      throw new InvalidArgumentError({ argument: "pixelValues", expected, found: "none" });
    }
    const wanted = outputHiddenStates ? this.#encoder.stateNames : ["last_hidden_state"];
    const outputs = await this.#encoder.encode(frames, "tower", wanted, inputs);
    const states = visionStates(outputs, this.config.visionConfig.numHiddenLayers);
    return outputHiddenStates ? states : { lastHiddenState: states.lastHiddenState };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#encoder[Symbol.asyncDispose]();
  }
}
