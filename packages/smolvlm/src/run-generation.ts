import type { ModelInputs } from "@smolvlm/contracts";
import type {
  GenerateInputs,
  GenerateResult,
  GenerationStep,
  GenerationStream,
  SmolVLMForConditionalGeneration,
} from "@smolvlm/model-core";
import type { SmolVLMProcessor } from "@smolvlm/processor";
import type { Answer, AnswerTimings } from "./answer.js";
import { defaultNewTokens } from "./default-new-tokens.js";
import { watchFrames, type OnFrame } from "./watch-frames.js";

/** A model and what makes its inputs. */
export interface AnsweringParts {
  readonly processor: SmolVLMProcessor;
  readonly model: SmolVLMForConditionalGeneration;
}

/** What a generation gave, and what its stream knew besides. */
export interface Generated extends Pick<GenerationStream, "promptLogits" | "imageFeatures"> {
  readonly answers: readonly Omit<Answer, "videos">[];
  readonly timings: AnswerTimings;
}

/**
 * Generates to the end and measures how long it took.
 *
 * @param started when the call began, in milliseconds of `performance.now()`.
 */
export async function runGeneration(
  { processor, model }: AnsweringParts,
  {
    onFrame,
    ...given
  }: GenerateInputs & Pick<ModelInputs, "attentionMask"> & { readonly onFrame?: OnFrame | undefined },
  started: number,
  onStep?: (step: GenerationStep) => void,
): Promise<Generated> {
  const inputs = watchFrames(given, onFrame);
  const decode = (ids: Int32Array): string => processor.decode(ids);
  const maxNewTokens = inputs.maxNewTokens ?? defaultNewTokens(inputs, model);
  const read = performance.now();
  const stream = await model.stream({ decode, ...inputs, maxNewTokens });
  try {
    const decoding = performance.now();
    for await (const step of stream) onStep?.(step);
    const ended = performance.now();
    const result = stream.snapshot();
    const tokens = result.usage.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
    const timings = {
      prefill: decoding - read,
      decode: ended - decoding,
      total: ended - started,
      tokensPerSecond: (1000 * tokens) / (ended - decoding),
    };
    const { promptLogits, imageFeatures } = stream;
    return { answers: answersOf(processor, result, timings), promptLogits, imageFeatures, timings };
  } finally {
    await stream[Symbol.asyncDispose]();
  }
}

function answersOf(
  processor: SmolVLMProcessor,
  { newTokens, finishReasons, usage }: GenerateResult,
  timings: AnswerTimings,
): Omit<Answer, "videos">[] {
  return newTokens.map((tokenIds, row) => ({
    text: processor.decode(tokenIds, { skipSpecialTokens: true }),
    tokenIds,
    finishReason: finishReasons[row] as Answer["finishReason"],
    usage: usage[row] as Answer["usage"],
    timings,
  }));
}
