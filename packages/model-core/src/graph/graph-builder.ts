import type { DataType, Target, TensorDataMap } from "@smolvlm/contracts";
import {
  encodeModel,
  type Attribute,
  type Dim,
  type Initializer,
  type NodeProto,
  type ValueInfo,
} from "../onnx/model-proto.js";
import type { CausalAttentionShape, OwnContext } from "../ops/causal-attention.js";
import type { Parameter } from "../weights/checkpoint-tensor.js";
import { stackOf, storedParts, type StoredParameter } from "../weights/stored-parameter.js";
import type { WeightFormat } from "../weights/weight-format.js";
import { formatDims } from "./dims.js";
import { GraphError } from "./graph-error.js";
import { Value } from "./value.js";

/** How the matrices of a graph are to be stored. Everything else is always fp32. */
export interface LinearFormats {
  readonly linear: WeightFormat;
  /** Of the output layer. */
  readonly head: WeightFormat;
  /** Of the past keys and values that are fed; fp32 by default. */
  readonly keyValues?: KvCacheDtype | undefined;
}

/** How past keys and values are kept. */
export type KvCacheDtype = "fp32" | "int8";

/** What a graph is built for. */
export interface GraphOptions {
  readonly target: Target;
  readonly formats: LinearFormats;
  /** Causal attention in place of those for sessions; whoever needs another brings it, so that pages do not load it. */
  readonly attention?: CausalAttention | undefined;
}

/** Declares the inputs of the causal attention of all layers. */
export type CausalAttention = (graph: GraphBuilder, shape: CausalAttentionShape, layers: number) => OwnContext;

/** A node's result and what else the builder must know. */
export interface NodeOptions {
  readonly dtype: DataType;
  readonly dims: readonly Dim[];
  readonly attributes?: Readonly<Record<string, Attribute>> | undefined;
  /** Empty, the default, for the standard operators. */
  readonly domain?: string | undefined;
}

/** The node that made a value. */
interface NodeOrigin {
  readonly node: NodeProto;
  readonly inputs: readonly (Value | undefined)[];
}

/** What a builder has collected. */
export interface GraphContent {
  readonly nodes: readonly NodeProto[];
  readonly constants: ReadonlyMap<string, Initializer>;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly values: ReadonlyMap<string, Value>;
}

/** Where the bytes of a stored part are. */
export interface PartLocation {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Collects the nodes of one graph in the order in which they are made. Only `ops/` calls more of it than `input` and `output`. */
export class GraphBuilder {
  readonly target: Target;
  readonly formats: LinearFormats;
  readonly attention: CausalAttention | undefined;
  readonly #nodes: NodeProto[] = [];
  /** What made each value. */
  readonly #origins = new Map<string, NodeOrigin>();
  readonly #constants = new Map<string, Initializer>();
  readonly #inputs = new Map<string, Value>();
  readonly #outputs = new Map<string, Value>();
  readonly #stored = new Map<string, StoredParameter>();
  /** Shape tensors already made, by their dims. */
  readonly #shapes = new Map<string, Value>();
  #counter = 0;

  constructor(options: GraphOptions) {
    this.target = options.target;
    this.formats = options.formats;
    this.attention = options.attention;
  }

  /** Every weight of the graph, in the order of first use. */
  get storedParameters(): readonly StoredParameter[] {
    return [...this.#stored.values()];
  }

  /** All that was collected, for those who write parts of the graph. `values` are those that nodes take, by name. */
  get content(): GraphContent {
    const taken = [...this.#origins.values()].flatMap(({ inputs }) => inputs.filter((each) => each !== undefined));
    return {
      nodes: this.#nodes,
      constants: this.#constants,
      inputs: this.#inputs,
      outputs: this.#outputs,
      values: new Map([...taken, ...this.#outputs.values()].map((value) => [value.name, value])),
    };
  }

  /** Declares an input. Names among `dims` may be used in the shapes of other values. */
  input(name: string, dtype: DataType, dims: readonly Dim[]): Value {
    if (this.#inputs.has(name)) throw new GraphError(`There are two inputs ${name}.`);
    const value = new Value(this, name, dtype, dims);
    this.#inputs.set(name, value);
    return value;
  }

  /** An input declared before. @throws GraphError when there is none of that name. */
  inputNamed(name: string): Value {
    const input = this.#inputs.get(name);
    if (!input) throw new GraphError(`There is no input ${name}.`);
    return input;
  }

  /** Declares a value as an output of that name. */
  output(name: string, value: Value): void {
    this.#check([value]);
    if (this.#outputs.has(name)) throw new GraphError(`There are two outputs ${name}.`);
    this.#outputs.set(name, value);
  }

  /** An operation with one result. @throws GraphError when an input belongs to another graph. */
  node(operator: string, inputs: readonly (Value | undefined)[], options: NodeOptions): Value {
    const { attributes, domain, ...result } = options;
    return this.nodes(operator, inputs, { attributes, domain, results: [result] })[0] as Value;
  }

  /** An operation with several results, of which those wanted are given. @throws GraphError when an input belongs to another graph. */
  nodes(
    operator: string,
    inputs: readonly (Value | undefined)[],
    options: Pick<NodeOptions, "attributes" | "domain"> & {
      /** Undefined for a result that is not wanted. */
      readonly results: readonly (Pick<NodeOptions, "dtype" | "dims"> | undefined)[];
    },
  ): readonly Value[] {
    this.#check(inputs);
    const results = options.results.map((result) => {
      return result && new Value(this, `${operator}_${this.#counter++}`, result.dtype, result.dims);
    });
    const node = this.#nodeOf(operator, inputs, results, options);
    this.#nodes.push(node);
    const made = results.filter((result) => result !== undefined);
    for (const { name } of made) this.#origins.set(name, { node, inputs });
    return made;
  }

  /** What an operation of this name, if one made the value, made it of. */
  inputsOf(value: Value, operator: string): readonly (Value | undefined)[] | undefined {
    const origin = this.#origins.get(value.name);
    return origin?.node.operator === operator ? origin.inputs : undefined;
  }

  /**
   * Puts in the place of the only result's node another that makes it as well: `results` are its results, of which `value` is one.
   * Those that are new are given.
   */
  replaceNode(
    value: Value,
    operator: string,
    inputs: readonly (Value | undefined)[],
    options: Pick<NodeOptions, "attributes" | "domain"> & {
      readonly results: readonly (Pick<NodeOptions, "dtype" | "dims"> | Value | undefined)[];
    },
  ): readonly Value[] {
    this.#check([value, ...inputs]);
    const index = this.#nodes.indexOf((this.#origins.get(value.name) as NodeOrigin).node);
    const results = options.results.map((result) => {
      if (result === undefined || result instanceof Value) return result;
      return new Value(this, `${operator}_${this.#counter++}`, result.dtype, result.dims);
    });
    const node = this.#nodeOf(operator, inputs, results, options);
    this.#nodes[index] = node;
    const made = results.filter((result) => result !== undefined);
    for (const { name } of made) this.#origins.set(name, { node, inputs });
    return made.filter((result) => result !== value);
  }

  #nodeOf(
    operator: string,
    inputs: readonly (Value | undefined)[],
    results: readonly (Value | undefined)[],
    { domain = "", attributes = {} }: Pick<NodeOptions, "attributes" | "domain">,
  ): NodeProto {
    const namesOf = (values: readonly (Value | undefined)[]): string[] => values.map((each) => each?.name ?? "");
    return { operator, domain, inputs: namesOf(inputs), outputs: namesOf(results), attributes };
  }

  /** A tensor that is part of the graph itself; for small ones. Equal constants are one. */
  constant<T extends DataType>(dtype: T, dims: readonly number[], data: TensorDataMap[T]): Value {
    const name = `${dtype}${formatDims(dims)}{${data.join(",")}}`;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#constants.set(name, { name, dtype, dims, data: bytes });
    return new Value(this, name, dtype, dims);
  }

  /** A float32 number of shape []. */
  scalar(value: number): Value {
    return this.constant("float32", [], Float32Array.of(value));
  }

  /** Whole numbers as an int64 tensor of shape [n]. */
  integers(values: readonly number[]): Value {
    return this.constant("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A weight as the parts that it is stored in: one tensor for fp32, quantised values and scales otherwise. */
  parameter(parameter: Parameter, format: WeightFormat): readonly Value[] {
    return this.stackedParameter([parameter], format);
  }

  /** Matrices with as many columns as one that has the rows of all, stored like {@link parameter}. */
  stackedParameter(parameters: readonly Parameter[], format: WeightFormat): readonly Value[] {
    const { key, shape } = stackOf(parameters);
    const parts = storedParts({ key, shape }, format);
    this.#stored.set(`${format}:${key}`, { parameters, format, parts });
    return parts.map(({ name, dtype, dims }) => new Value(this, name, dtype, dims));
  }

  /**
   * A shape as an int64 tensor [dims.length], for reshaping what has the shape `from`: 0 for sizes that stay where they are, and at most one
   * is left to be inferred. What is constant so, no kernel has to make; for 64-bit integers a GPU has none.
   */
  shape(dims: readonly Dim[], from: readonly Dim[] = []): Value {
    const kept = dims.map((dim, axis) => (typeof dim === "string" && dim === from[axis] ? 0 : dim));
    const key = kept.join();
    const known = this.#shapes.get(key);
    if (known) return known;
    const unbound = kept.findIndex((dim) => typeof dim === "string" && !this.#isBound(dim));
    const inferred = unbound >= 0 ? unbound : kept.findIndex((dim) => typeof dim === "string");
    const sizes = kept.map((dim, axis) => (axis === inferred ? -1 : dim));
    const shape = sizes.every((size) => typeof size === "number")
      ? this.integers(sizes)
      : this.concat(sizes.map((size) => (typeof size === "number" ? this.integers([size]) : this.size(size))));
    this.#shapes.set(key, shape);
    return shape;
  }

  /**
   * The size that a name stands for, as an int64 tensor [1].
   *
   * @throws GraphError when no input has a size of that name.
   */
  size(name: string): Value {
    for (const input of this.#inputs.values()) {
      const axis = input.dims.indexOf(name);
      if (axis < 0) continue;
      const key = `size ${name}`;
      const made =
        this.#shapes.get(key) ??
        this.node("Shape", [input], { attributes: { start: axis, end: axis + 1 }, dtype: "int64", dims: [1] });
      this.#shapes.set(key, made);
      return made;
    }
    throw new GraphError(`No input has a size named ${name}.`);
  }

  /** One-dimensional tensors behind each other. */
  concat(parts: readonly Value[]): Value {
    const dtype = parts[0]?.dtype ?? "int64";
    return this.node("Concat", parts, { attributes: { axis: 0 }, dtype, dims: [parts.length] });
  }

  /**
   * The serialised graph; `locate` says where each stored part is, by its name. `published` are other names for sizes of inputs and
   * outputs, where somebody looks for them.
   */
  encode(
    name: string,
    locate: (part: string) => PartLocation,
    published: Readonly<Record<string, string>> = {},
  ): Uint8Array {
    const renamed = new Map<string, string>();
    const aliases: NodeProto[] = [];
    const made = new Set(this.#nodes.flatMap(({ outputs }) => outputs));
    for (const [output, { name: value }] of this.#outputs) {
      if (made.has(value) && !renamed.has(value)) renamed.set(value, output);
      else {
        const from = renamed.get(value) ?? value;
        aliases.push({ operator: "Identity", domain: "", inputs: [from], outputs: [output], attributes: {} });
      }
    }
    const rename = (value: string): string => renamed.get(value) ?? value;
    const named = (dim: Dim): Dim => (typeof dim === "string" ? (published[dim] ?? dim) : dim);
    const info = ({ name: own, dtype, dims }: Value, as = own): ValueInfo => ({
      name: as,
      dtype,
      dims: dims.map(named),
    });
    return encodeModel({
      name,
      nodes: [
        ...this.#nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
        ...aliases,
      ],
      initializers: [
        ...this.#constants.values(),
        ...this.storedParameters.flatMap(({ parts }) =>
          parts.map(({ name: part, dtype, dims }) => ({ name: part, dtype, dims, data: locate(part) })),
        ),
      ],
      inputs: [...this.#inputs.values()].map((value) => info(value)),
      outputs: [...this.#outputs].map(([as, value]) => info(value, as)),
      // Without these shapes ONNX Runtime cannot tell which results may share memory, and compares each with all before it: half of
      // what creating a session of the language graph took.
      values: [...this.content.values.values()]
        .filter((value) => made.has(value.name) && !renamed.has(value.name))
        .map((value) => info(value)),
    });
  }

  #isBound(name: string): boolean {
    return [...this.#inputs.values()].some(({ dims }) => dims.includes(name));
  }

  #check(values: readonly (Value | undefined)[]): void {
    const stranger = values.find((value) => value && value.graph !== this);
    if (stranger) throw new GraphError(`${stranger.name} belongs to another graph.`);
  }
}
