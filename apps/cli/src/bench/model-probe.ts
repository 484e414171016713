import { readFile } from "node:fs/promises";
import {
  loadSmolVLM,
  nodeImageDecoder,
  tensor,
  type ChatMessage,
  type Conversation,
  type LoadOptions,
  type ModelFiles,
  type RawImage,
  type SmolVLM,
  type Tensor,
} from "smolvlm";
import { peakMemory } from "./peak-memory.js";
import { median, timed } from "./timed.js";

/** Tokens of the prompt that shows that loading is complete: some loaders only map the weights. */
const FIRST_PROMPT = 16;

/** How long a model took to load. */
export interface LoadTimes {
  readonly ms: number;
  /** Reading a first, short prompt. */
  readonly firstMs: number;
  /** Most memory the process has held by then, bytes. */
  readonly peak: number;
}

/** One decoding measurement. */
export interface DecodeTimes {
  /** Milliseconds of each step; one step gives each row of the batch a token. */
  readonly times: readonly number[];
  /** Tokens of the first row. */
  readonly tokens: readonly number[];
  /** Milliseconds of reading the prompts. */
  readonly prefillMs: number;
}

/** A loaded model whose stages can be timed one by one. */
export class ModelProbe implements AsyncDisposable {
  readonly smolvlm: SmolVLM;
  readonly loading: LoadTimes;
  readonly #decoder = nodeImageDecoder();

  private constructor(smolvlm: SmolVLM, loading: LoadTimes) {
    this.smolvlm = smolvlm;
    this.loading = loading;
  }

  static async load(model: string | ModelFiles, options: LoadOptions): Promise<ModelProbe> {
    const { ms, value: smolvlm } = await timed(() => loadSmolVLM(model, options));
    const first = await new ModelProbe(smolvlm, { ms, firstMs: 0, peak: 0 }).prefill(FIRST_PROMPT);
    return new ModelProbe(smolvlm, { ms, firstMs: first.ms, peak: await peakMemory() });
  }

  /** Bytes of an image file → pixels. */
  async decodeImage(bytes: Uint8Array): Promise<{ readonly ms: number; readonly value: RawImage }> {
    return timed(() => this.#decoder.decode(bytes));
  }

  /** Pixels → frames. */
  async preprocess(image: RawImage): Promise<{ readonly ms: number; readonly pixelValues: Tensor<"float32"> }> {
    const { ms, value } = await timed(() => this.smolvlm.processor.imageProcessor.preprocess(image));
    return { ms, pixelValues: value.pixelValues };
  }

  /** An image file → frames. */
  async imagePath(path: string): Promise<{ readonly ms: number }> {
    const bytes = await readFile(path);
    const { imageProcessor } = this.smolvlm.processor;
    const { ms } = await timed(async () => imageProcessor.preprocess(await this.#decoder.decode(bytes)));
    return { ms };
  }

  /** `count` frames of noise through the vision tower. */
  async vision(count: number): Promise<{ readonly ms: number }> {
    const { numChannels, imageSize } = this.smolvlm.model.config.visionConfig;
    const dims = [1, count, numChannels, imageSize, imageSize];
    const values = Float32Array.from({ length: count * numChannels * imageSize ** 2 }, (_, index) => Math.sin(index));
    const { ms } = await timed(() =>
      this.smolvlm.model.getImageFeatures({ pixelValues: tensor("float32", dims, values) }),
    );
    return { ms };
  }

  /** Reads a prompt of `context` tokens. */
  async prefill(context: number): Promise<{ readonly ms: number }> {
    const { ms, value } = await timed(() => this.smolvlm.model.prefill({ inputIds: this.#tokens(context) }));
    await value[Symbol.asyncDispose]();
    return { ms };
  }

  /** Greedy steps behind a prompt of `context` tokens in each of `batch` rows. */
  async decode({
    context,
    steps,
    batch = 1,
  }: {
    context: number;
    steps: number;
    batch?: number;
  }): Promise<DecodeTimes> {
    const inputIds = this.#tokens(context, batch);
    const { ms: prefillMs, value } = await timed(() => this.smolvlm.model.prefill({ inputIds }));
    await using state = value;
    const active = Array.from({ length: batch }, () => true);
    const times = [];
    const tokens: number[] = [];
    for (let step = 0; step < steps; step++) {
      const { ms } = await timed(() => {
        const best = bestTokens(state.logits, batch);
        tokens.push(best[0] as number);
        return state.step(best, { active });
      });
      times.push(ms);
    }
    return { times, tokens, prefillMs };
  }

  /** An answer of `newTokens` tokens about a picture, from its file's path. */
  async answer(
    picture: string,
    newTokens: number,
  ): Promise<{ readonly ms: number; readonly tokens: readonly number[]; readonly peak: number }> {
    const options = { maxNewTokens: newTokens, minNewTokens: newTokens };
    const { ms, value } = await timed(() => this.smolvlm.generate({ messages: aboutPicture(picture), ...options }));
    return { ms, tokens: [...value.tokenIds], peak: await peakMemory() };
  }

  /** Any ids that are text: what they are does not matter to speed. Rows of a batch differ. */
  #tokens(count: number, batch = 1): Tensor<"int32"> {
    const { textConfig, imageTokenId } = this.smolvlm.model.config;
    const first = Math.floor(textConfig.vocabSize / 50);
    const range = Math.floor(textConfig.vocabSize * 0.8);
    const ids = Int32Array.from({ length: batch * count }, (_, index) => {
      const id = first + ((index * 7919) % range);
      return id === imageTokenId ? id - 1 : id;
    });
    return tensor("int32", [batch, count], ids);
  }

  /** Two questions about a picture in one session, each up to its first token. */
  async secondQuestion(picture: string): Promise<{ readonly ms: number; readonly firstMs: number }> {
    await using session = this.smolvlm.createSession();
    const one = { maxNewTokens: 1, minNewTokens: 1 };
    const { content } = aboutPicture(picture)[0] as ChatMessage;
    const { ms: firstMs } = await timed(() => session.ask(content, one));
    const { ms } = await timed(() => session.ask("What colour is it?", one));
    return { ms, firstMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.smolvlm[Symbol.asyncDispose]();
  }
}

/** A question about a picture. */
export function aboutPicture(picture: string | RawImage, question = "Describe the picture."): Conversation {
  return [
    {
      role: "user",
      content: [
        { type: "image", image: picture },
        { type: "text", text: question },
      ],
    },
  ];
}

/** The middle of the times of several measurements. */
export async function medianMs(runs: number, measure: () => Promise<{ readonly ms: number }>): Promise<number> {
  const times = [];
  for (let run = 0; run < runs; run++) times.push((await measure()).ms);
  return median(times);
}

function bestTokens(logits: Float32Array, batch: number): Int32Array {
  const vocabulary = logits.length / batch;
  return Int32Array.from({ length: batch }, (_, row) => {
    let best = row * vocabulary;
    for (let index = best + 1; index < (row + 1) * vocabulary; index++) {
      if ((logits[index] as number) > (logits[best] as number)) best = index;
    }
    return best - row * vocabulary;
  });
}
