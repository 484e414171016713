import type { SmolVLMConfig } from "@smolvlm/config";
import type { ModelFiles, Tensor } from "@smolvlm/contracts";
import { imageFeatures, type ImageFeaturesInputs } from "./inference/image-features.js";
import type { ModelCallInputs } from "./inference/model-call-inputs.js";
import { ModelRuntime, type FromPretrainedOptions } from "./inference/model-runtime.js";
import { readPrompts } from "./inference/read-prompts.js";
import { stateNames, TextStates, visionStates, type TowerStates } from "./inference/tower-states.js";

/** What {@link SmolVLMModel.forward} takes. */
export interface ModelForwardInputs extends ModelCallInputs {
  /** Whether the hidden states of both towers are wanted; false by default. */
  readonly outputHiddenStates?: boolean | undefined;
}

/** Hidden states of both towers. */
export interface ModelHiddenStates {
  /** [real frames, patches, vision hidden]; undefined where there were no frames. */
  readonly vision?: TowerStates | undefined;
  /** [batch, length, text hidden], 0 at padding. */
  readonly text: TowerStates;
}

/** What {@link SmolVLMModel.forward} gives. */
export interface ModelForwardOutput {
  /** [batch, length, text hidden], 0 at padding. */
  readonly lastHiddenState: Tensor<"float32">;
  /** [real frames, tokens, text hidden]; undefined where there were no frames. */
  readonly imageFeatures?: Tensor<"float32"> | undefined;
  readonly hiddenStates?: ModelHiddenStates | undefined;
}

/** Vision tower, connector and text model without an output layer: the base model. It holds sessions until it is disposed. */
export class SmolVLMModel implements AsyncDisposable {
  readonly config: SmolVLMConfig;
  readonly #runtime: ModelRuntime;

  private constructor(runtime: ModelRuntime) {
    this.#runtime = runtime;
    this.config = runtime.config;
  }

  /**
   * Loads a checkpoint of the base model, or of the whole model without its output layer.
   *
   * @throws ModelFileError when a file is missing, damaged, or does not agree with the configuration; BackendError.
   */
  static async fromPretrained(files: ModelFiles, options: FromPretrainedOptions): Promise<SmolVLMModel> {
    return new SmolVLMModel(await ModelRuntime.load(files, options, "hidden"));
  }

  /**
   * Reads prompts with their frames.
   *
   * @throws PromptTooLongError, ImageTokenError, InvalidArgumentError before anything is computed; BackendError; the signal's reason.
   */
  async forward(inputs: ModelForwardInputs): Promise<ModelForwardOutput> {
    const { outputHiddenStates = false, signal, onProgress } = inputs;
    const { visionConfig, textConfig } = this.config;
    const { rows, features, vision } = await this.#runtime.prepare(inputs, { outputHiddenStates });
    const runner = await this.#runtime.language("hidden");
    const outputs = outputHiddenStates ? stateNames(textConfig.numHiddenLayers) : ["last_hidden_state"];
    const names = outputHiddenStates ? ["hidden_states.0", ...outputs] : outputs;
    const states = new TextStates(inputs, rows, textConfig.hiddenSize, names);
    const cache = await runner.session.createCache(rows.length);
    const onPiece = states.add.bind(states);
    const pieces = { rows, features, cache, outputs, onPiece, signal, onProgress };
    await readPrompts(runner, pieces).finally(() => cache[Symbol.asyncDispose]());
    return {
      lastHiddenState: states.get("last_hidden_state"),
      imageFeatures: features,
      hiddenStates: outputHiddenStates
        ? {
            vision: vision && visionStates(vision, visionConfig.numHiddenLayers),
            text: states.all(textConfig.numHiddenLayers),
          }
        : undefined,
    };
  }

  /** Frames as the text model sees them [real frames, tokens, text hidden]. */
  getImageFeatures(inputs: ImageFeaturesInputs): Promise<Tensor<"float32">> {
    return imageFeatures(this.#runtime, inputs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#runtime[Symbol.asyncDispose]();
  }
}
