import type { SmolVLMConfig } from "@smolvlm/config";
import { tensor, type Session, type Tensor } from "@smolvlm/contracts";
import { GraphBuilder } from "../graph/graph-builder.js";
import { runInPieces } from "../graph/run-in-pieces.js";
import type { Value } from "../graph/value.js";
import { modelScope } from "../models/model-scope.js";
import { QuantizationError } from "../weights/conversion-bounds.js";
import { weightFormats, type WeightFormat } from "../weights/weight-format.js";
import type { Weights } from "../weights/weights.js";
import { EmbeddingTable } from "./embedding-table.js";
import type { ConversionCheck } from "./graph-loader.js";
import { positionFeeds } from "./position-feeds.js";

/** Tokens of the language graph's probe, whose ids lie evenly in the vocabulary. */
const TOKENS = 12;

/** Outputs that are compared: the first of these that the graph has. */
const COMPARED = ["logits", "image_features", "last_hidden_state"];

/**
 * The most that the result of a format may be off: root of the mean square of the differences, as a part of that of the reference's values.
 * See decision 9 for what was measured.
 */
export const probeBounds: Readonly<Record<WeightFormat, number>> = {
  fp32: 0.001,
  fp16: 0.02,
  q8: 0.1,
  int8: 0.25,
  q4: 0.6,
};

/**
 * A check of conversions: runs a converted graph on a built-in input, and the unquantised one on the same. The latter runs in pieces, so that
 * only some of its weights are in memory at a time.
 *
 * @returns the figures, for the record; undefined where nothing was rounded, where the checkpoint has no unquantised weights, and for a
 * decoder whose cache is held in place, which cannot run in pieces.
 * @throws QuantizationError with the figures when the results are further apart than the format may make them, or no numbers.
 */
export const probeConversion: ConversionCheck = async ({ session, backend, built, weights, placing }) => {
  const { graph, name, cache, config, describe } = built;
  const format = coarsest(graph.formats);
  if (format === "fp32" || (cache && graph.target.keyValueCache === "in-place")) return undefined;
  const reference = new GraphBuilder({ target: graph.target, formats: { linear: "fp32", head: "fp32" } });
  describe(reference, weights);
  const hasNumbers = reference.storedParameters.every(({ parameters }) => parameters.every(({ numbers }) => numbers));
  if (!hasNumbers) return undefined;
  const { inputs, outputs } = reference.content;
  const feeds: Record<string, Tensor> = {};
  const positions = positionFeeds({ past: [0], sequence: TOKENS, inPlace: false }, config.textConfig);
  for (const [input, value] of inputs)
    feeds[input] = positions[input] ?? (await probeInput(input, value, config, weights));
  const output = COMPARED.find((each) => outputs.has(each)) as string;
  const expected = await runInPieces(reference, feeds, { ...placing, backend, name: `${name} probe` });
  const found = await runConverted(session, feeds, output, cache !== undefined);
  const rms = relativeDistance(found, expected[output] as Tensor);
  if (rms <= probeBounds[format]) return { rms };
  const percent = (value: number): string => `${(100 * value).toPrecision(3)} %`;
  const problem = `the ${output} of a built-in input would be off by ${percent(rms)} (at most ${percent(probeBounds[format])} is accepted)`;
  throw new QuantizationError(placing.model, { part: name, format, problem, figures: { rms } });
};

async function runConverted(
  session: Session,
  feeds: Readonly<Record<string, Tensor>>,
  output: string,
  hasCache: boolean,
): Promise<Tensor> {
  const own = Object.fromEntries(Object.entries(feeds).filter(([input]) => !isPast(input)));
  if (!hasCache) return (await session.run(own, { outputs: [output] }))[output] as Tensor;
  const cache = await session.createCache(1);
  try {
    return (await session.run(own, { outputs: [output], cache, newLengths: [TOKENS] }))[output] as Tensor;
  } finally {
    await cache[Symbol.asyncDispose]();
  }
}

/** One frame of gentle shapes, or some tokens behind nothing: of the past there is one position, which is not valid. */
async function probeInput(
  name: string,
  { dims }: Pick<Value, "dims">,
  { textConfig }: SmolVLMConfig,
  weights: Weights,
): Promise<Tensor> {
  const { vocabSize, hiddenSize } = textConfig;
  const each = Array.from({ length: TOKENS }, (_, index) => index);
  switch (name) {
    case "inputs_embeds": {
      const table = modelScope(weights).at("text_model.embed_tokens").numbers("weight", [vocabSize, hiddenSize]);
      const ids = each.map((index) => Math.floor(((index + 0.5) * vocabSize) / TOKENS));
      const rows = await new EmbeddingTable(table).rows(ids);
      const values = Float32Array.from(ids.flatMap((id) => [...(rows.get(id) as Float32Array)]));
      return tensor("float32", [1, TOKENS, hiddenSize], values);
    }
    case "logits_rows":
      return tensor("int64", [TOKENS], BigInt64Array.from(each, BigInt));
  }
  const sizes = dims.map((dim) => (typeof dim === "number" ? dim : 1));
  const count = sizes.reduce((product, size) => product * size, 1);
  if (name === "position_ids")
    return tensor(
      "int64",
      sizes,
      BigInt64Array.from({ length: count }, (_, at) => BigInt(at)),
    );
  const values = new Float32Array(count);
  if (name === "pixel_values") values.forEach((_, at) => (values[at] = Math.sin(at / 37) * Math.cos(at / 4099)));
  return tensor("float32", sizes, values);
}

function isPast(input: string): boolean {
  return input.startsWith("past_key_values.");
}

function coarsest({ linear, head }: { readonly linear: WeightFormat; readonly head: WeightFormat }): WeightFormat {
  return weightFormats.indexOf(head) > weightFormats.indexOf(linear) ? head : linear;
}

/** Infinite where a value is not a number. */
function relativeDistance(found: Tensor, expected: Tensor): number {
  let [squares, sum] = [0, 0];
  const values = found.data as Float32Array;
  (expected.data as Float32Array).forEach((value, index) => {
    squares += ((values[index] as number) - value) ** 2;
    sum += value ** 2;
  });
  const distance = Math.sqrt(squares / sum);
  return Number.isNaN(distance) ? Infinity : distance;
}
