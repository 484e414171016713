import { nodeBackend } from "@smolvlm/backend-node";
import { memoryByteStore } from "@smolvlm/hub";
import { afterAll, expect, test } from "vitest";
import { SmolVLMForConditionalGeneration } from "../smolvlm-for-conditional-generation.js";
import { tinyFiles } from "../testing/tiny-model.js";
import { QuantizationError } from "../weights/conversion-bounds.js";
import { parseRecord, type ConversionRecord } from "../weights/conversion-record.js";
import { convertRows, type RowsConverter } from "../weights/convert-rows.js";
import type { ByteStore } from "@smolvlm/contracts";
import type { ModelDtype } from "./dtype.js";
import { probeBounds, probeConversion } from "./conversion-probe.js";

const backend = nodeBackend({ worker: false, threads: 1 });
afterAll(() => backend[Symbol.asyncDispose]());

/** A store whose keys are known. */
function watchedStore(): { readonly store: ByteStore; readonly keys: Set<string> } {
  const store = memoryByteStore();
  const keys = new Set<string>();
  return {
    keys,
    store: {
      get: (key, options) => store.get(key, options),
      put: (key, ...rest) => {
        keys.add(key);
        return store.put(key, ...rest);
      },
      async delete(key) {
        keys.delete(key);
        await store.delete(key);
      },
    },
  };
}

async function load(checkpoint: string, dtype: ModelDtype, store: ByteStore, converter?: RowsConverter): Promise<void> {
  const options = { backend, dtype, store, converter, check: probeConversion };
  const model = await SmolVLMForConditionalGeneration.fromPretrained(await tinyFiles(checkpoint), options);
  await model[Symbol.asyncDispose]();
}

async function records({ store, keys }: ReturnType<typeof watchedStore>): Promise<readonly ConversionRecord[]> {
  const texts = [...keys].filter((key) => key.endsWith(".json") && !key.includes("-graph-"));
  return Promise.all(
    texts.map(async (key) => {
      const source = await store.get(key);
      const bytes = await source?.read(0, source.size);
      return parseRecord(new TextDecoder().decode(bytes)) as ConversionRecord;
    }),
  );
}

test.each(["v2-gqa-fp32", "v1-2b-fp16", "v2-tied-bf16", "v2-patch14-fp16"])(
  "what both graphs of %s give for the built-in input is noted beside the converted weights",
  async (checkpoint) => {
    for (const dtype of ["fp16", "q8", "int8", "q4"] as const) {
      const watched = watchedStore();
      await load(checkpoint, dtype, watched.store);
      const found = await records(watched);
      for (const { graph, probe } of found) {
        expect(["vision", "language"]).toContain(graph);
        expect(probe?.["rms"]).toBeGreaterThanOrEqual(0);
        expect(probe?.["rms"]).toBeLessThan(probeBounds[dtype] / 2);
      }
      if (dtype !== "fp16") expect(found).toHaveLength(2);
    }
  },
);

test("weights that are only widened are not probed", async () => {
  const watched = watchedStore();
  await load("v2-tied-bf16", "fp32", watched.store);
  const found = await records(watched);
  expect(found.map(({ probe }) => probe)).toEqual([undefined, undefined]);
});

/** Converts as it should, but for the scales of some matrices; and tells of errors as if all were well. */
function wrongConverter(isWrong: (matrix: number) => boolean, factor: number): RowsConverter {
  let matrices = 0;
  return {
    async convert(request) {
      const rows = convertRows(request);
      const [, scales] = rows.parts;
      if (scales && isWrong(matrices++)) {
        const values = new Float32Array(scales.buffer, scales.byteOffset, scales.byteLength / 4);
        values.forEach((value, index) => (values[index] = value * factor));
      }
      return rows;
    },
  };
}

test.each(["q8", "int8", "q4"] as const)(
  "%s weights with wrong scales are refused with the figures, and not kept",
  async (dtype) => {
    for (const [dtypes, factor, isWrong] of [
      [dtype, 4, (matrix: number) => matrix === 3],
      [dtype, NaN, (matrix: number) => matrix === 3],
      [{ vision: "fp32", text: dtype, head: dtype }, 0.25, () => true],
    ] as const) {
      const watched = watchedStore();
      const error = await load("v2-gqa-fp32", dtypes, watched.store, wrongConverter(isWrong, factor)).catch(
        (cause: unknown) => cause,
      );
      expect(error).toBeInstanceOf(QuantizationError);
      const { part, format, figures, message } = error as QuantizationError;
      expect([part, format]).toEqual([typeof dtypes === "string" ? "vision" : "language", dtype]);
      expect(figures["rms"]).toBeGreaterThan(probeBounds[dtype]);
      expect(message).toMatch(/(image_features|logits) of a built-in input would be off by .+ %/);
      // The other part may have been converted meanwhile, and is as it should be.
      expect([...watched.keys].filter((key) => key.includes(`/${part}-`))).toEqual([]);
    }
  },
);
