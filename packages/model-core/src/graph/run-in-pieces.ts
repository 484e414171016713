import type { Backend, Tensor } from "@smolvlm/contracts";
import { encodeModel, type NodeProto } from "../onnx/model-proto.js";
import { memoryByteStore } from "../weights/memory-byte-store.js";
import { placeWeights, type PlaceOptions } from "../weights/place-weights.js";
import type { StoredParameter } from "../weights/stored-parameter.js";
import type { GraphBuilder, GraphContent } from "./graph-builder.js";
import type { Value } from "./value.js";

/** Bytes of the weights of one piece: a few layers of a small model, one matrix of a large one. */
const PIECE_BYTES = 32 * 2 ** 20;

/** What running in pieces needs besides the graph. */
export interface RunInPiecesOptions extends Omit<PlaceOptions, "store"> {
  readonly backend: Backend;
  /** Most bytes of the weights of a piece that has more than one; for tests. */
  readonly pieceBytes?: number | undefined;
}

/** Some nodes in their order, and the weights that they use. */
interface Piece {
  readonly nodes: NodeProto[];
  readonly weights: Set<StoredParameter>;
}

/**
 * Runs a graph once without ever having all of its weights in memory: piece after piece is loaded, run, and let go, with what later ones
 * need handed on. Slow, since every piece is loaded for one run.
 *
 * @param feeds every input.
 * @returns the outputs.
 * @throws what loading and running throw; the signal's reason when it is aborted, which is looked at between pieces.
 */
export async function runInPieces(
  graph: GraphBuilder,
  feeds: Readonly<Record<string, Tensor>>,
  options: RunInPiecesOptions,
): Promise<Record<string, Tensor>> {
  const { content } = graph;
  const known = new Map(Object.entries(feeds));
  const pieces = piecesOf(content, graph.storedParameters, options.pieceBytes);
  const outputs = [...content.outputs.values()].map(({ name }) => name);
  for (const [index, piece] of pieces.entries()) {
    options.signal?.throwIfAborted();
    const later = new Set([...pieces.slice(index + 1).flatMap(({ nodes }) => nodes.flatMap(inputsOf)), ...outputs]);
    const results = await runPiece(content, piece, known, later, options);
    for (const [name, value] of Object.entries(results)) known.set(name, value);
    for (const name of known.keys()) if (!later.has(name)) known.delete(name);
  }
  return Object.fromEntries([...content.outputs].map(([name, value]) => [name, known.get(value.name) as Tensor]));
}

function piecesOf(
  { nodes }: GraphContent,
  stored: readonly StoredParameter[],
  pieceBytes = PIECE_BYTES,
): readonly Piece[] {
  const owners = new Map(stored.flatMap((each) => each.parts.map(({ name }) => [name, each] as const)));
  const pieces: Piece[] = [{ nodes: [], weights: new Set() }];
  for (const node of nodes) {
    const used = inputsOf(node).flatMap((name) => owners.get(name) ?? []);
    const last = pieces.at(-1) as Piece;
    const bytes = bytesOf([...new Set([...last.weights, ...used])]);
    const piece = used.length > 0 && last.weights.size > 0 && bytes > pieceBytes ? newPiece(pieces) : last;
    piece.nodes.push(node);
    for (const each of used) piece.weights.add(each);
  }
  return pieces;
}

function newPiece(pieces: Piece[]): Piece {
  const piece = { nodes: [], weights: new Set<StoredParameter>() };
  pieces.push(piece);
  return piece;
}

async function runPiece(
  { constants, values }: GraphContent,
  { nodes, weights }: Piece,
  known: ReadonlyMap<string, Tensor>,
  later: ReadonlySet<string>,
  { backend, name, ...options }: RunInPiecesOptions,
): Promise<Record<string, Tensor>> {
  const stored = [...weights];
  const placed = await placeWeights(stored, { ...options, name, onProgress: undefined, store: memoryByteStore() });
  const used = new Set(nodes.flatMap(inputsOf));
  const info = (each: string): Value => values.get(each) as Value;
  const inputs = [...used].filter((each) => known.has(each));
  const outputs = nodes.flatMap((node) => node.outputs).filter((each) => later.has(each));
  const model = encodeModel({
    name,
    nodes,
    initializers: [
      ...[...constants.values()].filter((each) => used.has(each.name)),
      ...stored.flatMap(({ parts }) =>
        parts.map((part) => ({ name: part.name, dtype: part.dtype, dims: part.dims, data: placed.locate(part.name) })),
      ),
    ],
    inputs: inputs.map(info),
    outputs: outputs.map(info),
  });
  const session = await backend.createSession({ name, model, externalData: placed.externalData }, options);
  try {
    return await session.run(Object.fromEntries(inputs.map((each) => [each, known.get(each) as Tensor])), { outputs });
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

function inputsOf({ inputs }: NodeProto): readonly string[] {
  return inputs.filter((name) => name !== "");
}

function bytesOf(stored: readonly StoredParameter[]): number {
  return stored.flatMap(({ parts }) => parts).reduce((sum, { byteLength }) => sum + byteLength, 0);
}
