import type { DataType } from "@smolvlm/contracts";
import type { Dim } from "../onnx/model-proto.js";
import { broadcastDims, formatDims } from "./dims.js";
import type { GraphBuilder } from "./graph-builder.js";
import { GraphError } from "./graph-error.js";

/** A tensor that does not exist yet: the result of an operation of a graph, with its shape. Made by a {@link GraphBuilder}. */
export class Value {
  readonly graph: GraphBuilder;
  /** Unique in its graph. */
  readonly name: string;
  readonly dtype: DataType;
  /** Sizes; a name stands for one that is known only when the graph runs. */
  readonly dims: readonly Dim[];

  /** @internal */
  constructor(graph: GraphBuilder, name: string, dtype: DataType, dims: readonly Dim[]) {
    this.graph = graph;
    this.name = name;
    this.dtype = dtype;
    this.dims = dims;
  }

  /** Elementwise sum; a number is added to every element. @throws GraphError when the shapes do not fit. */
  add(other: Value | number): Value {
    return this.#elementwise("Add", other);
  }

  /** Elementwise product. @throws GraphError when the shapes do not fit. */
  mul(other: Value | number): Value {
    return this.#elementwise("Mul", other);
  }

  /** The same elements in another shape. @throws GraphError when the number of elements is known and differs. */
  reshape(dims: readonly Dim[]): Value {
    const isSame = dims.length === this.dims.length && dims.every((dim, axis) => dim === this.dims[axis]);
    if (isSame) return this;
    const known = [this.dims, dims].map((all) => all.filter((dim) => typeof dim === "number"));
    const [from, to] = known.map((all) => all.reduce((product, dim) => product * dim, 1));
    if (known[0]?.length === this.dims.length && known[1]?.length === dims.length && from !== to) {
      throw new GraphError(`${this.name}: ${formatDims(this.dims)} cannot become ${formatDims(dims)}.`);
    }
    return this.graph.node("Reshape", [this, this.graph.shape(dims, this.dims)], { dtype: this.dtype, dims });
  }

  /** The axes in another order: axis `i` of the result is axis `axes[i]` of this. */
  transpose(axes: readonly number[]): Value {
    const dims = axes.map((axis) => this.dims[axis]);
    if (axes.length !== this.dims.length || new Set(axes).size !== axes.length || dims.includes(undefined)) {
      throw new GraphError(`${this.name}: [${axes.join(", ")}] does not order the axes of ${formatDims(this.dims)}.`);
    }
    return this.graph.node("Transpose", [this], {
      attributes: { perm: axes },
      dtype: this.dtype,
      dims: dims as readonly Dim[],
    });
  }

  #elementwise(operator: string, other: Value | number): Value {
    const right = typeof other === "number" ? this.graph.scalar(other) : other;
    return this.graph.node(operator, [this, right], { dtype: this.dtype, dims: broadcastDims(this.dims, right.dims) });
  }
}
