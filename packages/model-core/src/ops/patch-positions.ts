import type { Value } from "../graph/value.js";
import type { Dim } from "../onnx/model-proto.js";
import { biasOf, compare } from "./attention-masks.js";
import { cast } from "./cast.js";

/** The greatest relative coordinate, so that it stays below 1. */
const GREATEST_FRACTION = Math.fround(1 - 1e-6);

/** Where the patches of frames are, computed in the graph. */
export interface GraphPatchPositions {
  /** Index of each patch's position embedding, int64 [images, patches]. */
  readonly positionIds: Value;
  /** 0 at patches with pixels and very negative elsewhere [images, patches]. */
  readonly patchBias: Value;
}

/**
 * Positions of the patches of frames whose grid is that of the position table, by the rules of `inference/patch-positions.ts`: a full
 * frame has positions 0, 1, 2, …, one that is partly padding is spread over the table by its relative coordinates. `pixelMask` is uint8
 * [images, side, side].
 */
export function patchPositions(pixelMask: Value, side: number, patchSize: number): GraphPatchPositions {
  const { graph } = pixelMask;
  const images = pixelMask.dims[0] as Dim;
  const grid = Math.floor(side / patchSize);
  const patches = grid * grid;
  const kernel = [patchSize, patchSize];
  const hasPixels = graph.node("MaxPool", [cast(pixelMask, "float32").reshape([images, 1, side, side])], {
    attributes: { kernel_shape: kernel, strides: kernel },
    dtype: "float32",
    dims: [images, 1, grid, grid],
  });
  const flags = hasPixels.reshape([images, grid, grid]);
  const down = tablePositions(edge(flags, 2), grid).reshape([images, grid, 1]);
  const across = tablePositions(edge(flags, 1), grid).reshape([images, 1, grid]);
  const positions = down
    .mul(graph.integers([grid]))
    .add(across)
    .mul(cast(flags, "int64"));
  return {
    positionIds: positions.reshape([images, patches]),
    patchBias: biasOf(cast(flags.reshape([images, patches]), "bool")),
  };
}

/** How many patches of the first row (axis 1) or column (axis 2) have pixels [images, 1]. */
function edge(flags: Value, axis: 1 | 2): Value {
  const { graph, dims } = flags;
  const [images = 1, grid = 1] = dims;
  const first = graph.node("Gather", [flags, graph.constant("int64", [], BigInt64Array.of(0n))], {
    attributes: { axis },
    dtype: "float32",
    dims: [images, grid],
  });
  return graph.node("ReduceSum", [first, graph.integers([1])], { dtype: "float32", dims: [images, 1] });
}

/** For each row (or column) of patches, of which `count` [images, 1] have pixels, the row of the table, int64 [images, grid]. */
function tablePositions(count: Value, grid: number): Value {
  const { graph, dims } = count;
  const images = dims[0] as Dim;
  const row: readonly Dim[] = [images, grid];
  const index = graph.constant(
    "float32",
    [1, grid],
    Float32Array.from({ length: grid }, (_, at) => at),
  );
  const boundaries = Float32Array.from({ length: grid - 1 }, (_, at) => (at + 1) / grid);
  const node = (operator: string, inputs: readonly Value[], dtype: "float32" | "int64", shape: readonly Dim[]): Value =>
    graph.node(operator, inputs, { dtype, dims: shape });
  const step = node("Div", [graph.scalar(1), count], "float32", [images, 1]);
  const fraction = node("Min", [index.mul(step), graph.scalar(GREATEST_FRACTION)], "float32", row);
  const reached = compare(
    "LessOrEqual",
    graph.constant("float32", [1, 1, grid - 1], boundaries),
    fraction.reshape([images, grid, 1]),
    [images, grid, grid - 1],
  );
  const spread = node("ReduceSum", [cast(reached, "int64"), graph.integers([2])], "int64", [images, grid, 1]);
  const isFull = compare("Equal", count, graph.scalar(grid), [images, 1]);
  return node("Where", [isFull, cast(index, "int64"), spread.reshape(row)], "int64", row);
}
