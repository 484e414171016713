import { nodeBackend } from "@smolvlm/backend-node";
import { tensor, type ModelFiles, type Session, type Tensor } from "@smolvlm/contracts";
import { memoryByteSource } from "@smolvlm/hub";
import type { ModelFolderFile } from "../transformers-js/model-folder-file.js";
import { transformersJsDtypes, type TransformersJsDtype } from "../transformers-js/transformers-js-dtype.js";
import { transformersJsFiles } from "../transformers-js/transformers-js-files.js";

/** A prompt as transformers.js feeds it. */
export interface ExportedInputs {
  /** [batch, sequence]. */
  readonly inputIds: Tensor<"int32">;
  readonly attentionMask: Tensor<"int32">;
  readonly pixelValues?: Tensor<"float32"> | undefined;
  readonly pixelAttentionMask?: Tensor<"bool"> | undefined;
}

/** Keys and values by the names of the past inputs. */
type Past = Readonly<Record<string, Tensor>>;

/** The bytes of a file. */
export async function bytesOf(file: ModelFolderFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.size);
  let at = 0;
  for await (const piece of file.pieces()) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The three exported graphs on onnxruntime-node, driven in the way of transformers.js. */
export class TransformersJsModel implements AsyncDisposable {
  readonly #sessions: Readonly<Record<string, Session>>;
  readonly #imageToken: number;
  readonly #cache: readonly number[];

  private constructor(sessions: Readonly<Record<string, Session>>, imageToken: number, cache: readonly number[]) {
    this.#sessions = sessions;
    this.#imageToken = imageToken;
    this.#cache = cache;
  }

  /** @param dtypes of the graphs; `embed_tokens` may have another. */
  static async load(
    files: ModelFiles,
    dtype: TransformersJsDtype,
    embedDtype: TransformersJsDtype = dtype,
  ): Promise<TransformersJsModel> {
    const backend = nodeBackend({ worker: false, threads: 1 });
    const dtypes = [...new Set([dtype, embedDtype])];
    const folder = new Map((await transformersJsFiles(files, { dtypes })).map((file) => [file.path, file]));
    const read = (path: string): Promise<Uint8Array> => bytesOf(folder.get(path) as ModelFolderFile);
    const config = JSON.parse(new TextDecoder().decode(await read("config.json"))) as {
      image_token_id: number;
      text_config: { num_hidden_layers: number; num_key_value_heads: number; head_dim: number };
    };
    const sessions: Record<string, Session> = {};
    for (const name of ["vision_encoder", "embed_tokens", "decoder_model_merged"]) {
      const { suffix } = transformersJsDtypes[name === "embed_tokens" ? embedDtype : dtype];
      const file = `${name}${suffix}.onnx`;
      const data = [...folder.keys()].filter((path) => path.startsWith(`onnx/${file}_data`));
      sessions[name] = await backend.createSession({
        name,
        model: await read(`onnx/${file}`),
        externalData: await Promise.all(
          data.map(async (path) => ({
            location: path.slice("onnx/".length),
            source: memoryByteSource(await read(path)),
          })),
        ),
      });
    }
    const { num_hidden_layers: layers, num_key_value_heads: heads, head_dim: headDim } = config.text_config;
    return new TransformersJsModel(sessions, config.image_token_id, [layers, heads, headDim]);
  }

  /** [real frames, tokens, hidden]. */
  async imageFeatures({ pixelValues, pixelAttentionMask }: ExportedInputs): Promise<Tensor<"float32"> | undefined> {
    if (!pixelValues) return undefined;
    const [batch = 0, frames = 0, , height = 0, width = 0] = pixelValues.dims;
    const dims = [batch, frames, height, width];
    const mask = pixelAttentionMask ?? tensor("bool", dims, new Uint8Array(batch * frames * height * width).fill(1));
    return this.#run("vision_encoder", { pixel_values: pixelValues, pixel_attention_mask: mask }, "image_features");
  }

  /**
   * Logits after the prompt [batch, vocab], and `steps` greedy tokens of every row.
   *
   * @param stepTokens instead of the best ones.
   */
  async generate(
    inputs: ExportedInputs,
    steps: number,
  ): Promise<{ readonly lastLogits: Tensor<"float32">; readonly tokens: readonly (readonly number[])[] }> {
    const [batch = 0, length = 0] = inputs.inputIds.dims;
    const embeds = await this.embed(inputs.inputIds);
    await this.#merge(embeds, inputs);
    let mask = Array.from({ length: batch }, (_, row) => [
      ...inputs.attentionMask.data.subarray(row * length, (row + 1) * length),
    ]);
    let [logits, past] = await this.#decode(embeds, mask, this.#emptyPast(batch));
    const lastLogits = logits;
    const tokens: number[][] = mask.map(() => []);
    for (let step = 0; step < steps; step++) {
      const best = bestTokens(logits);
      tokens.forEach((row, index) => row.push(best[index] as number));
      if (step === steps - 1) break;
      mask = mask.map((row) => [...row, 1]);
      [logits, past] = await this.#decode(await this.embed(tensor("int32", [batch, 1], best)), mask, past);
    }
    return { lastLogits, tokens };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of Object.values(this.#sessions)) await session[Symbol.asyncDispose]();
  }

  /** [batch, sequence, hidden]. */
  embed({ dims, data }: Tensor<"int32">): Promise<Tensor<"float32">> {
    const ids = tensor("int64", dims, BigInt64Array.from(data, BigInt));
    return this.#run("embed_tokens", { input_ids: ids }, "inputs_embeds");
  }

  async #merge(embeds: Tensor<"float32">, inputs: ExportedInputs): Promise<void> {
    const features = await this.imageFeatures(inputs);
    const hidden = embeds.dims[2] as number;
    let next = 0;
    inputs.inputIds.data.forEach((id, position) => {
      if (id !== this.#imageToken || !features) return;
      embeds.data.set(features.data.subarray(next * hidden, (next + 1) * hidden), position * hidden);
      next++;
    });
  }

  #emptyPast(batch: number): Past {
    const [layers = 0, heads = 0, headDim = 0] = this.#cache;
    const names = Array.from({ length: layers }, (_, layer) => ["key", "value"].map((kind) => `${layer}.${kind}`));
    const empty = tensor("float32", [batch, heads, 0, headDim], new Float32Array());
    return Object.fromEntries(names.flat().map((name) => [`past_key_values.${name}`, empty]));
  }

  async #decode(embeds: Tensor<"float32">, mask: readonly number[][], past: Past): Promise<[Tensor<"float32">, Past]> {
    const [batch = 0, sequence = 0] = embeds.dims;
    const total = mask[0]?.length as number;
    // Counted over the mask; 1 at padding.
    const positions = mask.flatMap((row) => {
      let count = -1;
      return row.map((isToken) => (isToken ? ++count : 1)).slice(-sequence);
    });
    const whole = (dims: readonly number[], values: readonly number[]): Tensor =>
      tensor("int64", dims, BigInt64Array.from(values, BigInt));
    const results = await (this.#sessions["decoder_model_merged"] as Session).run({
      inputs_embeds: embeds,
      attention_mask: whole([batch, total], mask.flat()),
      position_ids: whole([batch, sequence], positions),
      ...past,
    });
    const present = Object.entries(results).filter(([name]) => name.startsWith("present."));
    const { dims, data } = results["logits"] as Tensor<"float32">;
    const vocab = dims[2] as number;
    const last = new Float32Array(batch * vocab);
    for (let row = 0; row < batch; row++) {
      const end = (row + 1) * sequence * vocab;
      last.set(data.subarray(end - vocab, end), row * vocab);
    }
    return [
      tensor("float32", [batch, vocab], last),
      Object.fromEntries(present.map(([name, value]) => [name.replace("present", "past_key_values"), value])),
    ];
  }

  async #run(session: string, feeds: Record<string, Tensor>, output: string): Promise<Tensor<"float32">> {
    return (await (this.#sessions[session] as Session).run(feeds))[output] as Tensor<"float32">;
  }
}

function bestTokens({ dims, data }: Tensor<"float32">): Int32Array {
  const [batch = 0, vocab = 0] = dims;
  return Int32Array.from({ length: batch }, (_, row) => {
    const logits = data.subarray(row * vocab, (row + 1) * vocab);
    return logits.reduce((best, value, token) => (value > (logits[best] as number) ? token : best), 0);
  });
}
