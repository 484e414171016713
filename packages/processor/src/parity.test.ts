import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { tensor } from "@smolvlm/contracts";
import { SmolVLMImageProcessorFast, type ImageProcessorOptions } from "@smolvlm/image-processor";
import { nodeImageDecoder } from "@smolvlm/image-processor/node";
import { describe, expect, it } from "vitest";
import type { Conversation } from "./chat/conversation.js";
import { SmolVLMProcessor } from "./smolvlm-processor.js";
import { folderFiles, json, root, safetensors } from "../test-data/test-files.js";

const fixtures = join(root, "fixtures");
const media = join(fixtures, "media");

interface Case {
  readonly conversations: Conversation[];
  readonly add_generation_prompt: boolean;
  readonly images_kwargs: Readonly<Record<string, unknown>>;
  readonly flavour: "pil" | "torchvision";
  readonly padding_side: "left" | "right";
  readonly prompts: string[];
  readonly tags: readonly string[];
  readonly pixel_values_sha256?: string | null;
  readonly videos?: readonly { path: string; metadata: { fps: number; duration: number }; frames_indices: number[] }[];
  readonly generated_ids?: number[][];
  readonly generated_text?: string[];
}

/** `do_image_splitting` → `doImageSplitting`, at every depth. */
function camelCase(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const key = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [key(name), camelCase(inner)]));
}

/** The conversation with media paths that can be opened from anywhere. */
function withPaths(conversation: Conversation): Conversation {
  return conversation.map((message) => ({
    ...message,
    content:
      typeof message.content === "string"
        ? message.content
        : message.content.map((part) =>
            part.type === "image" ? { ...part, path: join(media, String(part.path)) } : part,
          ),
  }));
}

function loadProcessor(checkpoint: string, flavour: Case["flavour"]): Promise<SmolVLMProcessor> {
  const files = folderFiles(join(fixtures, "checkpoints", checkpoint));
  const decoders = { image: nodeImageDecoder() };
  if (flavour === "pil") return SmolVLMProcessor.fromPretrained(files, { decoders });
  return SmolVLMImageProcessorFast.fromPretrained(files).then((imageProcessor) =>
    SmolVLMProcessor.fromPretrained(files, { decoders, imageProcessor }),
  );
}

const checkpoints = readdirSync(join(fixtures, "cases"));

describe.each(checkpoints)("the reference's inputs: %s", (checkpoint) => {
  const names = readdirSync(join(fixtures, "cases", checkpoint)).filter((name) => name.endsWith(".json"));
  const cases = names.map((name) => [name.slice(0, -5), json<Case>(fixtures, "cases", checkpoint, name)] as const);
  const withVideo = (wanted: boolean) => cases.filter(([, { tags }]) => tags.includes("video") === wanted);

  it.each(withVideo(false))("%s", async (name, golden) => {
    const processor = await loadProcessor(checkpoint, golden.flavour);
    const conversations = golden.conversations.map(withPaths);
    const options = { addGenerationPrompt: golden.add_generation_prompt };
    expect(await processor.applyChatTemplate(conversations, { ...options, tokenize: false })).toEqual(golden.prompts);

    const inputs = await processor.applyChatTemplate(conversations, {
      ...options,
      paddingSide: golden.padding_side,
      imageOptions: camelCase(golden.images_kwargs) as ImageProcessorOptions,
    });
    const tensors = safetensors(join(fixtures, "cases", checkpoint, `${name}.safetensors`));
    const same = (found: { dims: readonly number[]; data: ArrayLike<number> } | undefined, tensor: string) => {
      const wanted = tensors.get(tensor);
      expect(found?.dims, tensor).toEqual(wanted?.shape);
      const numbers = wanted === undefined ? undefined : Array.from(wanted.data as Iterable<number | bigint>, Number);
      expect(found === undefined ? undefined : Array.from(found.data), tensor).toEqual(numbers);
    };
    same(inputs.inputIds, "input_ids");
    same(inputs.attentionMask, "attention_mask");
    same(inputs.pixelAttentionMask, "pixel_attention_mask");
    const { pixelValues } = inputs;
    expect(pixelValues?.dims).toEqual(tensors.get("pixel_values")?.shape);
    if (pixelValues !== undefined) {
      const hash = createHash("sha256").update(
        new Uint8Array(pixelValues.data.buffer, pixelValues.data.byteOffset, pixelValues.data.byteLength),
      );
      expect(hash.digest("hex")).toBe(golden.pixel_values_sha256);
    }
    if (golden.generated_ids !== undefined) {
      expect(processor.batchDecode(golden.generated_ids, { skipSpecialTokens: true })).toEqual(golden.generated_text);
    }
  });

  // The frames are another package's work: here they are blank, and only the text counts.
  const videoCases = withVideo(true);
  if (videoCases.length === 0) return;
  it.each(videoCases)("%s (text)", async (name, golden) => {
    const videos = [...(golden.videos ?? [])];
    const processor = await SmolVLMProcessor.fromPretrained(folderFiles(join(fixtures, "checkpoints", checkpoint)), {
      prepareVideo: async (source) => {
        const {
          path,
          metadata,
          frames_indices: indices,
        } = videos.shift() ?? { path: "", metadata: { fps: 1, duration: 0 }, frames_indices: [] };
        expect(source).toBe(path);
        const timestamps = indices.map((index) => index / metadata.fps);
        return {
          pixelValues: tensor("float32", [indices.length, 3, 1, 1], new Float32Array(indices.length * 3)),
          timestamps,
          duration: metadata.duration,
        };
      },
    });
    const inputs = await processor.applyChatTemplate(golden.conversations, {
      addGenerationPrompt: golden.add_generation_prompt,
      paddingSide: golden.padding_side,
      announceLongestVideo: true,
    });
    const tensors = safetensors(join(fixtures, "cases", checkpoint, `${name}.safetensors`));
    const numbers = (tensor: string) =>
      Array.from((tensors.get(tensor)?.data ?? []) as Iterable<number | bigint>, Number);
    expect(Array.from(inputs.inputIds.data)).toEqual(numbers("input_ids"));
    expect(Array.from(inputs.attentionMask.data)).toEqual(numbers("attention_mask"));
  });
});
