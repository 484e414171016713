import type { Value } from "../graph/value.js";
import { compare, rangeTo } from "./attention-masks.js";
import { cast } from "./cast.js";
import { rowsOf } from "./rows-of.js";

/** Frames and their masks, those that only fill samples up left out. */
export interface RealFrames {
  /** [real, colours, side, side]. */
  readonly pixelValues: Value;
  /** uint8 [real, side, side]: 1 where there are pixels. */
  readonly pixelMask: Value;
}

/**
 * Leaves out the frames whose values are all exactly 0, which only fill samples up. Where none is left, the first is kept: SmolVLM2
 * does so, and no graph runs on nothing. `pixelValues` is [frames, colours, side, side], `pixelMask` bool [frames, side, side].
 */
export function realFrames(pixelValues: Value, pixelMask: Value): RealFrames {
  const { graph } = pixelValues;
  const frames = ["frames"];
  const magnitudes = graph.node("ReduceL1", [pixelValues, graph.integers([1, 2, 3])], {
    attributes: { keepdims: 0 },
    dtype: "float32",
    dims: frames,
  });
  const greatest = graph.node("ReduceMax", [magnitudes, graph.integers([0])], { dtype: "float32", dims: [1] });
  const count = graph.node("Shape", [magnitudes], { dtype: "int64", dims: [1] });
  const isFirst = compare("Equal", rangeTo(count, "frames"), graph.integers([0]), frames);
  const isNone = compare("Equal", greatest, graph.scalar(0), [1]);
  const isReal = compare("Greater", magnitudes, graph.scalar(0), frames);
  const isKept = graph.node("Or", [isReal, graph.node("And", [isFirst, isNone], { dtype: "bool", dims: frames })], {
    dtype: "bool",
    dims: frames,
  });
  const kept = graph.node("NonZero", [isKept], { dtype: "int64", dims: [1, "real"] }).reshape(["real"]);
  // Bytes, since not every kernel gathers bool.
  return { pixelValues: rowsOf(pixelValues, kept), pixelMask: rowsOf(cast(pixelMask, "uint8"), kept) };
}
