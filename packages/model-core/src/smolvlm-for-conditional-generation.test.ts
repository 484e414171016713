import { DisposedError, InvalidArgumentError, tensor, type FrameFeed, type Tensor } from "@smolvlm/contracts";
import { memoryByteStore, memoryModelFiles } from "@smolvlm/hub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PromptTooLongError } from "./inference/prompt-too-long-error.js";
import { SmolVLMForConditionalGeneration } from "./smolvlm-for-conditional-generation.js";
import { SmolVLMModel } from "./smolvlm-model.js";
import { SmolVLMVisionTransformer } from "./smolvlm-vision-transformer.js";
import { golden, greatestDifference } from "./testing/fixtures.js";
import { countingBackend, tinyCase, tinyFiles } from "./testing/tiny-model.js";

const CHECKPOINT = "v2-gqa-fp32";
let beforeRun = (_graph: string): void => undefined;
const backend = countingBackend((graph) => beforeRun(graph));
let model: SmolVLMForConditionalGeneration;
beforeAll(async () => {
  // Without a cache, since runs are counted.
  const options = { backend, visionCache: false } as const;
  model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles(CHECKPOINT), options);
});
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

describe("forward", () => {
  test("keeps the logits that are asked for", async () => {
    const { inputs } = await tinyCase(CHECKPOINT, "batch-two-texts");
    const { logits: all } = await model.forward(inputs);
    const [batch = 0, length = 0, vocab = 0] = all.dims;
    expect([batch, length]).toEqual(inputs.inputIds.dims);
    const columns = (kept: readonly number[]): Tensor<"float32"> => {
      const rows = Array.from({ length: batch }, (_, row) =>
        kept.map((column) => (row * length + column) * vocab),
      ).flat();
      return tensor(
        "float32",
        [batch, kept.length, vocab],
        Float32Array.from(rows.flatMap((from) => [...all.data.subarray(from, from + vocab)])),
      );
    };
    for (const [logitsToKeep, kept] of [
      [1, [length - 1]],
      [2, [length - 2, length - 1]],
      [
        [length - 1, 3],
        [length - 1, 3],
      ],
    ] as const) {
      const { logits } = await model.forward({ ...inputs, logitsToKeep });
      expect(greatestDifference(logits, columns(kept))).toBeLessThan(1e-5);
    }
    // The shorter row is padded on the left.
    const padding = inputs.attentionMask.data.indexOf(0);
    expect(new Set(all.data.subarray(padding * vocab, (padding + 1) * vocab))).toEqual(new Set([0]));
  });

  test("wrong wishes are refused before anything runs", async () => {
    const { inputs } = await tinyCase(CHECKPOINT, "text-only");
    const runs = new Map(backend.runs);
    const refused = async (more: object, message: string): Promise<void> => {
      await expect(model.forward({ ...inputs, ...more })).rejects.toThrow(message);
    };
    const [, length = 0] = inputs.inputIds.dims;
    await refused({ logitsToKeep: length + 1 }, `logitsToKeep: expected 0 to ${length}`);
    await refused({ logitsToKeep: [0, 0] }, "logitsToKeep: expected");
    const labels = { ...inputs.inputIds };
    await refused({ labels, logitsToKeep: 1 }, "labels: expected the logits of all positions, found logitsToKeep.");
    await refused({ labels: tensor("int32", [1, 1], Int32Array.of(1)) }, "labels: expected [1, ");
    await refused(
      { labels: { ...labels, data: labels.data.map(() => 9999) } },
      "labels: expected −100 or ids from 0 to",
    );
    const imageFeatures = tensor("float32", [1, 2, 3], new Float32Array(6));
    await refused({ imageFeatures }, "imageFeatures: expected [frames, tokens, 48], found [1, 2, 3].");
    expect(backend.runs).toEqual(runs);
  });

  test("features computed before stand for the pixels", async () => {
    const { inputs, tensors } = await tinyCase(CHECKPOINT, "two-images");
    const pixels = {
      pixelValues: inputs.pixelValues as Tensor<"float32">,
      pixelAttentionMask: inputs.pixelAttentionMask,
    };
    const imageFeatures = await model.getImageFeatures(pixels);
    const { inputIds, attentionMask } = inputs;
    const { logits } = await model.forward({ inputIds, attentionMask, imageFeatures, logitsToKeep: 1 });
    const last = tensor("float32", [1, logits.data.length], logits.data);
    expect(greatestDifference(last, golden(tensors, "last_logits"))).toBeLessThan(1e-4);
  });

  test("frames that are new come after those whose features are known, and blocks may show them in any order", async () => {
    const { inputs } = await tinyCase(CHECKPOINT, "two-images");
    const { inputIds, attentionMask } = inputs;
    const pixelValues = inputs.pixelValues as Tensor<"float32">;
    const { logits } = await model.forward({ ...inputs, logitsToKeep: 1 });
    const [samples = 0, count = 0, ...shape] = pixelValues.dims;
    const size = pixelValues.data.length / (samples * count);
    const part = (from: number, to: number): Tensor<"float32"> =>
      tensor("float32", [1, to - from, ...shape], pixelValues.data.slice(from * size, to * size));
    const imageFeatures = await model.getImageFeatures({ pixelValues: part(0, 1) });
    const later = { inputIds, attentionMask, imageFeatures, pixelValues: part(1, count) };
    const split = await model.forward({ ...later, logitsToKeep: 1 });
    expect(split.logits).toEqual(logits);
    expect(split.imageFeatures?.dims[0]).toBe(count);

    const reversed = {
      inputIds,
      attentionMask,
      pixelValues: tensor("float32", pixelValues.dims, new Float32Array(pixelValues.data.length)),
      imageFrames: Array.from({ length: count }, (_, index) => count - 1 - index),
    };
    for (let frame = 0; frame < count; frame++) {
      reversed.pixelValues.data.set(part(count - 1 - frame, count - frame).data, frame * size);
    }
    expect((await model.forward({ ...reversed, logitsToKeep: 1 })).logits).toEqual(logits);
    await expect(model.forward({ ...reversed, imageFrames: [count] })).rejects.toThrow(
      `imageFrames: expected frames from 0 to ${count - 1}, found ${count}.`,
    );
    const frames: FrameFeed = {
      count: 0,
      async *[Symbol.asyncIterator]() {},
      [Symbol.asyncDispose]: async () => undefined,
    };
    await expect(model.forward({ ...inputs, frames })).rejects.toThrow(
      "pixelValues, frames: expected one of pixelValues and frames, found both.",
    );
  });

  test("frames that come one by one give what they give together, and are counted", async () => {
    const { inputs, tensors } = await tinyCase(CHECKPOINT, "two-images");
    const { data, dims } = inputs.pixelValues as Tensor<"float32">;
    const shape = dims.slice(2);
    const size = shape.reduce((product, dim) => product * dim, 1);
    const count = data.length / size;
    const feed = (given: number, announced: number, side = shape): FrameFeed => ({
      count: announced,
      async *[Symbol.asyncIterator]() {
        for (let index = 0; index < given; index++) {
          yield tensor("float32", side, data.subarray((index % count) * size, ((index % count) + 1) * size));
        }
      },
      [Symbol.asyncDispose]: async () => undefined,
    });
    const { inputIds, attentionMask } = inputs;
    const forward = (frames: FrameFeed) => model.forward({ inputIds, attentionMask, frames, logitsToKeep: 1 });
    const { logits, imageFeatures } = await forward(feed(count, count));
    const last = tensor("float32", [1, logits.data.length], logits.data);
    expect(greatestDifference(last, golden(tensors, "last_logits"))).toBeLessThan(1e-4);
    expect(imageFeatures?.dims[0]).toBe(count);
    await expect(forward(feed(count - 1, count))).rejects.toThrow(
      `frames: expected ${count} frames, found ${count - 1}.`,
    );
    await expect(forward(feed(count + 1, count))).rejects.toThrow("found more.");
    await expect(forward(feed(count, count, [size]))).rejects.toThrow(`found one of [${size}].`);
  });

  test("pixels under the padding of a frame do not matter", async () => {
    const { inputs } = await tinyCase(CHECKPOINT, "no-splitting");
    const pixelValues = inputs.pixelValues as Tensor<"float32">;
    const side = pixelValues.dims[3] as number;
    // The upper half of each frame has pixels: of 4 × 4 patches the two upper rows, which are the first two of four tokens.
    const upper = tensor(
      "bool",
      inputs.pixelAttentionMask?.dims ?? [],
      new Uint8Array(inputs.pixelAttentionMask?.data.length ?? 0).map((_, index) =>
        Number(index % (side * side) < (side * side) / 2),
      ),
    );
    const changed = tensor(
      "float32",
      pixelValues.dims,
      pixelValues.data.map((value, index) => (index % (side * side) < (side * side) / 2 ? value : 0.25)),
    );
    const [before, after, unmasked] = await Promise.all([
      model.getImageFeatures({ pixelValues, pixelAttentionMask: upper }),
      model.getImageFeatures({ pixelValues: changed, pixelAttentionMask: upper }),
      model.getImageFeatures({ pixelValues }),
    ]);
    const first = (features: Tensor<"float32">): Float32Array =>
      features.data.subarray(0, 2 * (features.dims[2] as number));
    expect(first(after)).toEqual(first(before));
    expect(first(unmasked)).not.toEqual(first(before));
    expect(after.data).not.toEqual(before.data);
  });
});

describe("generate", () => {
  test("gives the padded prompts and the answers behind them, as the reference does", async () => {
    const { inputs, golden: each } = await tinyCase(CHECKPOINT, "batch-mixed");
    const ids = await model.generate({ ...inputs, maxNewTokens: each.generate?.max_new_tokens });
    const [batch = 0, length = 0] = inputs.inputIds.dims;
    const longest = Math.max(...(each.generated_ids ?? []).map((row) => row.length));
    expect(ids.dims).toEqual([batch, length + longest]);
    each.generated_ids?.forEach((answer, row) => {
      const found = [...ids.data.subarray(row * (length + longest), (row + 1) * (length + longest))];
      expect(found.slice(0, length)).toEqual([...inputs.inputIds.data.subarray(row * length, (row + 1) * length)]);
      const padding = Array<number>(longest - answer.length).fill(each.generate?.pad_token_id ?? 2);
      expect(found.slice(length)).toEqual([...answer, ...padding]);
    });
  });

  test("a prompt, or a prompt and its answer, too long for the context are refused before anything runs", async () => {
    const { inputs } = await tinyCase(CHECKPOINT, "one-image");
    const runs = new Map(backend.runs);
    const [, length = 0] = inputs.inputIds.dims;
    const error = await model.generate({ ...inputs, maxNewTokens: 2049 - length }).catch((cause: unknown) => cause);
    expect(PromptTooLongError.isInstance(error)).toBe(true);
    expect(InvalidArgumentError.isInstance(error)).toBe(true);
    expect((error as Error).message).toBe(
      `inputIds: expected at most 2048 tokens, the model's context length; shorten the prompt, or use fewer or smaller images, found ${length} tokens and ${2049 - length} new ones in row 0.`,
    );
    const long = tensor("int32", [1, 2049], new Int32Array(2049).fill(5));
    await expect(model.forward({ inputIds: long })).rejects.toThrow("found 2049 tokens in row 0.");
    await expect(model.generate({ inputIds: tensor("int32", [1, 2048], long.data.slice(1)) })).rejects.toThrow(
      PromptTooLongError,
    );
    expect(backend.runs).toEqual(runs);
  });

  test("an abort is noticed between frames, and between tokens with what there is so far", async () => {
    const { inputs } = await tinyCase(CHECKPOINT, "two-images");
    for (const graph of ["vision", "language"]) {
      const controller = new AbortController();
      const runs = new Map(backend.runs);
      beforeRun = (name) => {
        if (name === graph) controller.abort();
      };
      const error = await model
        .generate({ ...inputs, maxNewTokens: 5, signal: controller.signal })
        .catch((cause: unknown) => cause);
      beforeRun = () => undefined;
      expect(error).toBe(controller.signal.reason);
      expect((backend.runs.get(graph) ?? 0) - (runs.get(graph) ?? 0)).toBe(1);
    }
    const controller = new AbortController();
    await using stream = await model.stream({ ...inputs, maxNewTokens: 5, signal: controller.signal });
    const iterate = async (): Promise<void> => {
      for await (const { index } of stream) if (index === 1) controller.abort();
    };
    expect(await iterate().catch((cause: unknown) => cause)).toBe(controller.signal.reason);
    expect(stream.snapshot()).toMatchObject({ finishReasons: ["abort"], usage: [{ completionTokens: 2 }] });
  });
});

describe("loading", () => {
  test.each([
    ["q8", 0.998],
    // 4 bits cost 8 % in each product of random weights.
    ["q4", 0.85],
    [{ vision: "fp32", text: "q8", head: "fp32" }, 0.999],
  ] as const)("%j is close to fp32", async (dtype, closeness) => {
    const { inputs } = await tinyCase(CHECKPOINT, "one-image");
    const store = memoryByteStore();
    await using quantized = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles(CHECKPOINT), {
      backend,
      dtype,
      store,
    });
    const [a, b] = await Promise.all([model, quantized].map((each) => each.forward({ ...inputs, logitsToKeep: 1 })));
    const dot = (x: Float32Array, y: Float32Array): number =>
      x.reduce((sum, value, index) => sum + value * (y[index] as number), 0);
    const [x, y] = [a?.logits.data as Float32Array, b?.logits.data as Float32Array];
    expect(dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))).toBeGreaterThan(closeness);
    expect(x).not.toEqual(y);
  });

  test("a dtype that does not exist is refused", async () => {
    const files = await tinyFiles(CHECKPOINT);
    const load = SmolVLMForConditionalGeneration.fromPretrained(files, { backend, dtype: { text: "int3" as "q4" } });
    await expect(load).rejects.toThrow("dtype.text: expected fp32, fp16, q8, int8, q4, auto, found int3.");
  });

  test("tensors that do not belong to the model, and those that are missing, are named", async () => {
    const files = await tinyFiles(CHECKPOINT);
    const config = JSON.parse(new TextDecoder().decode(await readAll("config.json"))) as { text_config: object };
    async function readAll(name: string): Promise<Uint8Array> {
      const source = await files.open(name);
      return (await source?.read(0, source.size)) as Uint8Array;
    }
    const weights = await readAll("model.safetensors");
    const load = (layers: number): Promise<unknown> => {
      const text_config = { ...config.text_config, num_hidden_layers: layers };
      const json = JSON.stringify({ ...config, text_config });
      const changed = memoryModelFiles({ "config.json": json, "model.safetensors": weights });
      return SmolVLMForConditionalGeneration.fromPretrained(changed, { backend });
    };
    await expect(load(1)).rejects.toThrow(
      "model.safetensors: 9 tensors are not part of the model that config.json describes: model.text_model.layers.1.input_layernorm.weight,",
    );
    await expect(load(3)).rejects.toThrow(
      "model.safetensors: tensor model.text_model.layers.2.input_layernorm.weight [48] is missing;",
    );
  });

  test("progress of conversion and loading ends at its total", async () => {
    const last = new Map<string, readonly [number, number]>();
    await using _converted = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles("v2-tied-bf16"), {
      backend,
      onProgress: ({ stage, name, loaded, total }) => last.set(`${stage} ${name}`, [loaded, total]),
    });
    for (const key of ["convert vision", "convert language", "load vision", "load language"]) {
      const [loaded, total] = last.get(key) ?? [0, 1];
      expect(loaded).toBe(total);
    }
  });

  test("a model that was disposed says so", async () => {
    const disposed = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles(CHECKPOINT), { backend });
    await disposed[Symbol.asyncDispose]();
    const { inputs } = await tinyCase(CHECKPOINT, "text-only");
    await expect(disposed.forward(inputs)).rejects.toThrow(DisposedError);
  });
});

describe("the parts alone", () => {
  test("SmolVLMModel gives the hidden states, without the output layer", async () => {
    const { inputs, tensors } = await tinyCase(CHECKPOINT, "one-image");
    await using base = await SmolVLMModel.fromPretrained(await tinyFiles(CHECKPOINT), { backend });
    const plain = await base.forward(inputs);
    expect(greatestDifference(plain.lastHiddenState, golden(tensors, "text.last_hidden_state"))).toBeLessThan(1e-4);
    expect(plain.hiddenStates).toBeUndefined();
    const { hiddenStates } = await base.forward({ ...inputs, outputHiddenStates: true });
    expect(hiddenStates?.text.hiddenStates).toHaveLength(3);
    hiddenStates?.vision?.hiddenStates.forEach((state, layer) => {
      expect(greatestDifference(state, golden(tensors, `vision.hidden_states.${layer}`))).toBeLessThan(1e-4);
    });
    const pixelValues = inputs.pixelValues as Tensor<"float32">;
    expect(
      greatestDifference(await base.getImageFeatures({ pixelValues }), golden(tensors, "image_features")),
    ).toBeLessThan(1e-4);
  });

  test("SmolVLMVisionTransformer gives the hidden states of the tower", async () => {
    const { inputs, tensors } = await tinyCase(CHECKPOINT, "one-image");
    await using tower = await SmolVLMVisionTransformer.fromPretrained(await tinyFiles(CHECKPOINT), { backend });
    const pixelValues = inputs.pixelValues as Tensor<"float32">;
    const { lastHiddenState, hiddenStates } = await tower.forward({ pixelValues, outputHiddenStates: true });
    expect(greatestDifference(lastHiddenState, golden(tensors, "vision.last_hidden_state"))).toBeLessThan(1e-4);
    expect(hiddenStates).toHaveLength(3);
    const nothing = tensor("float32", pixelValues.dims, new Float32Array(pixelValues.data.length));
    expect((await tower.forward({ pixelValues: nothing })).lastHiddenState.dims[0]).toBe(1);
  });
});
