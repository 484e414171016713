import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@smolvlm/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseGenerationConfig,
  parseImageProcessorConfig,
  parseModelConfig,
  parseProcessorConfig,
  parseTokenizerConfig,
  parseVideoProcessorConfig,
} from "./index.js";

const root = join(import.meta.dirname, "../../..");

const parsers: Readonly<Record<string, (json: unknown) => unknown>> = {
  "config.json": parseModelConfig,
  "preprocessor_config.json": (json) => [parseImageProcessorConfig(json), parseVideoProcessorConfig(json)],
  "processor_config.json": (json) => {
    const { image_processor: image, video_processor: video } = Object(json) as Record<string, unknown>;
    return [parseProcessorConfig(json), parseImageProcessorConfig(image ?? {}), parseVideoProcessorConfig(video ?? {})];
  },
  "generation_config.json": parseGenerationConfig,
  "tokenizer_config.json": (json) => parseTokenizerConfig(json),
};

/** Values that break readers: of every type, at the edges of ranges, and names that objects inherit. */
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    0,
    -1,
    0.5,
    1e308,
    -1e308,
    2 ** 31,
    2 ** 53,
    "",
    "default",
    "llama",
    "__proto__",
    [],
    {},
    [[]],
    true,
    false,
  ),
  fc.constantFrom(
    JSON.parse('{"__proto__": {"hidden_size": 4}, "constructor": 1, "longest_edge": {}}') as unknown,
    [1, 2],
    ["left"],
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

function paths(json: unknown, prefix: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof json !== "object" || json === null) return [prefix];
  const entries = Object.entries(json as Record<string, unknown>).slice(0, 40);
  return [prefix, ...entries.flatMap(([key, value]) => paths(value, [...prefix, key]))];
}

function replaced(json: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy = (Array.isArray(json) ? [...(json as unknown[])] : { ...(json as object) }) as Record<
    string | number,
    unknown
  >;
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}

describe("mutated files either parse or give a ConfigError of one line", () => {
  const seeds = ["v1-gqa-fp32", "v2-gqa-fp32", "v2-tf4-sharded-fp32"].flatMap((name) => {
    const folder = join(root, "fixtures/checkpoints", name);
    const files = readdirSync(folder).filter((file) => file in parsers);
    return files.map((file) => [name, file, JSON.parse(readFileSync(join(folder, file), "utf8")) as unknown] as const);
  });
  it.each(seeds)("%s/%s", (_name, file, json) => {
    const parse = parsers[file];
    if (parse === undefined) return;
    expect(() => parse(json)).not.toThrow();
    const mutation = fc.tuple(fc.constantFrom(...paths(json)), hostile);
    const property = fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
      let mutated = json;
      for (const [path, value] of mutations) {
        try {
          mutated = replaced(mutated, path, value);
        } catch {
          continue; // An earlier mutation removed the parent.
        }
      }
      try {
        parse(mutated);
      } catch (error) {
        if (!ConfigError.isInstance(error) || error.message.includes("\n")) throw error;
      }
    });
    fc.assert(property, { numRuns: 400, seed: 20261124 });
  });

  it("side files of a tokenizer", () => {
    const property = fc.property(hostile, hostile, (specialTokensMap, addedTokens) => {
      try {
        parseTokenizerConfig({}, undefined, { specialTokensMap, addedTokens });
      } catch (error) {
        if (!ConfigError.isInstance(error)) throw error;
      }
    });
    fc.assert(property, { numRuns: 500, seed: 11 });
  });

  it.each(Object.keys(parsers))("any JSON as %s", (file) => {
    const parse = parsers[file];
    const property = fc.property(hostile, (json) => {
      try {
        parse?.(json);
      } catch (error) {
        if (!ConfigError.isInstance(error)) throw error;
      }
    });
    fc.assert(property, { numRuns: 500, seed: 7 });
  });
});
