import { tensor, type Tensor } from "@smolvlm/contracts";
import type { SmolVLMTextConfig } from "@smolvlm/config";
import { rotaryAngles } from "./rotary-angles.js";

/** The next positions of every row: how many there are, behind how many. */
export interface NextPositions {
  /** Valid positions of each row's past. */
  readonly past: readonly number[];
  readonly sequence: number;
  /** Whether one buffer is past and present. */
  readonly inPlace: boolean;
}

type AttentionConfig = Pick<SmolVLMTextConfig, "numAttentionHeads" | "numKeyValueHeads" | "headDim" | "ropeTheta">;

/** What the causal attention of a language graph is fed beside keys and values. */
export function positionFeeds(
  { past, sequence, inPlace }: NextPositions,
  config: AttentionConfig,
): Record<string, Tensor> {
  const { headDim, ropeTheta, numKeyValueHeads, numAttentionHeads } = config;
  const batch = past.length;
  const positions = past.flatMap((length) => Array.from({ length: sequence }, (_, index) => length + index));
  const { cos, sin } = rotaryAngles(positions, headDim, ropeTheta);
  const angles = { rotary_cos: cos, rotary_sin: sin };
  if (!inPlace) return { ...angles, past_lengths: tensor("int32", [batch], Int32Array.from(past)) };
  const places = new BigInt64Array(positions.length * numKeyValueHeads * 3);
  positions.forEach((position, index) => {
    for (let head = 0; head < numKeyValueHeads; head++) {
      const place = [Math.floor(index / sequence), head, position].map(BigInt);
      places.set(place, (index * numKeyValueHeads + head) * 3);
    }
  });
  const queryShape = [batch, sequence, numKeyValueHeads, numAttentionHeads / numKeyValueHeads, headDim];
  return {
    ...angles,
    positions: tensor("float32", [batch, 1, sequence, 1], Float32Array.from(positions)),
    places: tensor("int64", [positions.length, numKeyValueHeads, 3], places),
    query_shape: tensor("int64", [queryShape.length], BigInt64Array.from(queryShape, BigInt)),
  };
}
