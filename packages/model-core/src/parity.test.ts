import { tensor, type Backend, type Tensor } from "@smolvlm/contracts";
import { nodeBackend } from "@smolvlm/backend-node";
import { openModel } from "@smolvlm/hub/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SmolVLMForConditionalGeneration } from "./smolvlm-for-conditional-generation.js";
import {
  checkpointFolder,
  checkpointNames,
  golden,
  goldenCases,
  goldenInputs,
  goldenTensors,
  greatestDifference,
} from "./testing/fixtures.js";

/** The project's bound for fp32 logits, absolute, against transformers on CPU. */
const TOLERANCE = 1e-4;

describe.each(checkpointNames)("%s against transformers", (name) => {
  let backend: Backend;
  let model: SmolVLMForConditionalGeneration;

  beforeAll(async () => {
    backend = nodeBackend({ worker: false });
    model = await SmolVLMForConditionalGeneration.fromPretrained(await openModel(checkpointFolder(name)), { backend });
  });
  afterAll(async () => {
    await model?.[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  test.each(goldenCases(name))(
    "$case: image features and last logits within 1e-4, greedy tokens equal",
    async (each) => {
      const tensors = await goldenTensors(each);
      const inputs = goldenInputs(tensors);
      const { logits, imageFeatures } = await model.forward({ ...inputs, logitsToKeep: 1 });
      const [batch = 0, , vocab = 0] = logits.dims;
      const last = tensor("float32", [batch, vocab], logits.data);
      expect(greatestDifference(last, golden(tensors, "last_logits"))).toBeLessThan(TOLERANCE);
      expect(imageFeatures === undefined).toBe(inputs.pixelValues === undefined);
      if (imageFeatures)
        expect(greatestDifference(imageFeatures, golden(tensors, "image_features"))).toBeLessThan(TOLERANCE);

      await using stream = await model.stream({
        inputIds: inputs.inputIds,
        attentionMask: inputs.attentionMask,
        imageFeatures,
        maxNewTokens: each.generate?.max_new_tokens,
      });
      for await (const _step of stream);
      expect(stream.snapshot().newTokens.map((ids) => [...ids])).toEqual(each.generated_ids);
    },
  );

  const withStates = goldenCases(name).filter(({ tags }) => tags.includes("hidden-states"));
  test.each(withStates)("$case: every layer within 1e-4, all logits, loss", async (each) => {
    const tensors = await goldenTensors(each);
    const labels = tensors.get("labels") as Tensor<"int32">;
    const output = await model.forward({ ...goldenInputs(tensors), labels, outputHiddenStates: true });
    expect(greatestDifference(output.logits, golden(tensors, "logits"))).toBeLessThan(TOLERANCE);
    expect(output.loss).toBeCloseTo(each.loss as number, 4);
    for (const tower of ["vision", "text"] as const) {
      const states = output.hiddenStates?.[tower];
      if (tower === "vision" && !tensors.has("pixel_values")) continue;
      expect(states?.hiddenStates).toHaveLength(
        1 + (tower === "vision" ? model.config.visionConfig : model.config.textConfig).numHiddenLayers,
      );
      states?.hiddenStates.forEach((state, layer) => {
        const expected = golden(tensors, `${tower}.hidden_states.${layer}`);
        expect(greatestDifference(state, expected), `${tower} ${layer}`).toBeLessThan(TOLERANCE);
      });
      const lastExpected = golden(tensors, `${tower}.last_hidden_state`);
      expect(greatestDifference(states?.lastHiddenState as Tensor<"float32">, lastExpected)).toBeLessThan(TOLERANCE);
    }
  });
});
