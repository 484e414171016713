import { InvalidArgumentError, MediaError } from "@smolvlm/contracts";
import type { ImageDecoder } from "@smolvlm/image-processor";
import { beforeAll, describe, expect, it } from "vitest";
import { caught, image, publishedProcessor, reds, user } from "../../test-data/test-media.js";
import { json, root } from "../../test-data/test-files.js";
import { ChatTemplateError } from "../errors.js";
import { SmolVLMProcessor } from "../smolvlm-processor.js";
import type { Conversation } from "./conversation.js";
import { DEFAULT_CHAT_TEMPLATE } from "./default-chat-template.js";

let processor: SmolVLMProcessor;
beforeAll(async () => {
  processor = await publishedProcessor();
});

describe("chat templates", () => {
  const prompt = (conversation: Conversation, options = {}) =>
    processor.applyChatTemplate(conversation, { ...options, tokenize: false });

  it("are the reference's prompts", async () => {
    interface Golden {
      readonly cases: readonly {
        template: "smolvlm" | "default-with-video";
        conversation: Conversation;
        add_generation_prompt: boolean;
        text: string;
      }[];
    }
    const { cases } = json<Golden>(root, "fixtures/tokenizer/chat-templates.json");
    expect(cases.length).toBeGreaterThanOrEqual(100);
    for (const { template, conversation, add_generation_prompt: addGenerationPrompt, text } of cases) {
      // The reference silently drops plain strings and parts of unknown types; here the one is a text part and the other an error.
      const known = ["text", "image", "video"];
      if (
        conversation.some(
          ({ content }) => typeof content === "string" || content.some(({ type }) => !known.includes(type)),
        )
      )
        continue;
      const chatTemplate = template === "smolvlm" ? processor.chatTemplate : DEFAULT_CHAT_TEMPLATE;
      // With a comment it is a template that is not written out, and goes through the jinja engine.
      for (const source of [chatTemplate, `${chatTemplate}{# #}`]) {
        const found = await prompt(conversation, { chatTemplate: source, addGenerationPrompt });
        expect(found, JSON.stringify(conversation)).toBe(text);
      }
    }
  });

  it("a leading picture takes the space after the colon", async () => {
    expect(
      await prompt(user({ type: "image" }, { type: "text", text: "Can you describe this image?" }), {
        addGenerationPrompt: true,
      }),
    ).toBe("<|im_start|>User:<image>Can you describe this image?<end_of_utterance>\nAssistant:");
  });

  it("several turns, and images after text", async () => {
    const conversation: Conversation = [
      { role: "SYSTEM", content: "You are kind." },
      {
        role: "user",
        content: [{ type: "text", text: "What do these images show?" }, { type: "image" }, { type: "image" }],
      },
      { role: "assistant", content: [{ type: "text", text: "Cats." }] },
      { role: "user", content: "And who is that?" },
    ];
    expect(await prompt(conversation, { addGenerationPrompt: true })).toBe(
      "<|im_start|>System: You are kind.<end_of_utterance>\nUser: What do these images show?<image><image><end_of_utterance>\n" +
        "Assistant: Cats.<end_of_utterance>\nUser: And who is that?<end_of_utterance>\nAssistant:",
    );
  });

  it("a video brings the library's template, and `User: ` keeps its space", async () => {
    const content = user({ type: "video", path: "a.mp4" }, { type: "text", text: "What happens?" });
    expect(await prompt(content)).toBe("<|im_start|>User: <video>What happens?<end_of_utterance>\n");
    const own = "{{ messages[0].content[0].type }}";
    expect(await prompt(content, { chatTemplate: own })).toBe("video");
    const parts = {
      tokenizer: processor.tokenizer,
      imageProcessor: processor.imageProcessor,
      config: processor.config,
    };
    const tuned = new SmolVLMProcessor({ ...parts, chatTemplate: "{{ 'video here' }}" });
    expect(await tuned.applyChatTemplate(content, { tokenize: false })).toBe("video here");
  });

  it("a list of conversations is a list of prompts", async () => {
    const one = user({ type: "text", text: "a" });
    expect(await processor.applyChatTemplate([one, one], { tokenize: false })).toHaveLength(2);
  });

  it("continues the final message", async () => {
    const conversation: Conversation = [
      ...user({ type: "text", text: "Count." }),
      { role: "assistant", content: "One, two" },
    ];
    expect(await prompt(conversation, { continueFinalMessage: true })).toBe(
      "<|im_start|>User: Count.<end_of_utterance>\nAssistant: One, two",
    );
    await expect(prompt(conversation, { continueFinalMessage: true, addGenerationPrompt: true })).rejects.toThrow(
      InvalidArgumentError,
    );
    await expect(prompt(user({ type: "image" }), { continueFinalMessage: true })).rejects.toThrow(
      "text in the final message",
    );
  });

  it("capitalize lowers the rest, as a filter and as a method", async () => {
    const chatTemplate =
      "{{ messages[0].role | capitalize }} {{ messages[0]['role'].capitalize() }} {{ 'cApitalize' | upper }}";
    expect(await prompt([{ role: "uSER", content: "a" }], { chatTemplate })).toBe("User User CAPITALIZE");
  });

  it("a template that knows no parts gets plain strings as they are", async () => {
    const chatTemplate = "{% for message in messages %}{{ message.content }};{% endfor %}";
    expect(await prompt([{ role: "user", content: "a" }], { chatTemplate })).toBe("a;");
  });

  it("gives templates the special tokens and further variables", async () => {
    const chatTemplate = "{{ bos_token }}{{ eos_token }}{{ mood }}{{ messages[0].name }}";
    const conversation = [{ role: "user", content: "a", name: "Ann" }];
    expect(await prompt(conversation, { chatTemplate, variables: { mood: "happy" } })).toBe(
      "<|im_start|><end_of_utterance>happyAnn",
    );
  });

  it("a template that cannot be parsed or fails gives one line", async () => {
    for (const chatTemplate of ["{% for %}", "{{ raise_exception('roles must\nalternate') }}"]) {
      const error = await caught(prompt(user({ type: "text", text: "a" }), { chatTemplate }));
      expect(ChatTemplateError.isInstance(error) && !error.message.includes("\n"), chatTemplate).toBe(true);
    }
  });

  it.each([
    [[], "conversations[0]"],
    [[[]], "conversations[0]"],
    [null, "conversations[0]"],
    ["a", "conversations[0]"],
    [[{ content: "a" }], "conversations[0][0].role"],
    [[{ role: "user", content: [] }], "conversations[0][0].content"],
    [[{ role: "user", content: null }], "conversations[0][0].content"],
    [[{ role: "user", content: [{ type: "text" }] }], "conversations[0][0].content[0].text"],
    [[{ role: "user", content: [{ type: "audio" }] }], "conversations[0][0].content[0].type"],
    [[[{ role: "user", content: ["a"] }]], "conversations[0][0].content[0]"],
    [[{ role: "user", content: [{ type: "image_url", image_url: {} }] }], "conversations[0][0].content[0].image_url"],
    [[{ role: "user", content: [{ type: "image" }] }], "conversations[0][0].content[0]"],
  ])("malformed conversation %#", async (conversation, argument) => {
    const error = await caught(processor.applyChatTemplate(conversation as unknown as Conversation));
    expect(InvalidArgumentError.isInstance(error) && error.argument).toBe(argument);
  });
});

describe("media of conversations", () => {
  it("come from every Hugging Face form, in reading order, a few at a time", async () => {
    const seen: unknown[] = [];
    let running = 0;
    let most = 0;
    const decoder: ImageDecoder = {
      decode: async (source) => {
        seen.push(source);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5 - seen.length));
        running--;
        return image(1, 1, seen.indexOf(source) + 1);
      },
    };
    const parts = {
      tokenizer: processor.tokenizer,
      imageProcessor: processor.imageProcessor,
      config: processor.config,
    };
    const decoding = new SmolVLMProcessor({ ...parts, decoders: { image: decoder } });
    const blob = new Blob(["x"]);
    const conversation = user(
      { type: "image", path: "a.png" },
      { type: "image", url: new URL("https://b.example/b.png") },
      { type: "image", image: blob },
      { type: "image", image: null, url: null, path: "c.png" },
      { type: "image", base64: "data:image/png;base64,AQID" },
      { type: "image_url", image_url: { url: "https://b.example/d.png" } },
      { type: "image_url", image_url: "e.png" },
      { type: "image", image: image(1, 1, 99) },
    );
    const { pixelValues } = await decoding.applyChatTemplate(conversation, {
      imageOptions: { doImageSplitting: false },
    });
    expect(seen).toEqual([
      "a.png",
      new URL("https://b.example/b.png"),
      blob,
      "c.png",
      Uint8Array.of(1, 2, 3),
      "https://b.example/d.png",
      "e.png",
    ]);
    expect(reds(pixelValues)).toEqual([1, 2, 3, 4, 5, 6, 7, 99]);
    expect(most).toBe(4);
  });

  it("a failure stops the others and is what is thrown", async () => {
    const failing: ImageDecoder = {
      decode: async (source, options) => {
        if (source === "bad.png") throw new MediaError("bad.png", "it is damaged.");
        return new Promise((_, reject) =>
          options?.signal?.addEventListener("abort", () => reject(options.signal?.reason as Error)),
        );
      },
    };
    const parts = {
      tokenizer: processor.tokenizer,
      imageProcessor: processor.imageProcessor,
      config: processor.config,
    };
    const decoding = new SmolVLMProcessor({ ...parts, decoders: { image: failing } });
    const text = "<image><image>";
    const error = await caught(decoding.process({ text, images: ["a.png", "bad.png"] }));
    expect(MediaError.isInstance(error) && error.media).toBe("bad.png");
    const abort = new AbortController();
    const pending = caught(decoding.process({ text, images: ["a.png", "b.png"], signal: abort.signal }));
    abort.abort();
    expect(await pending).toBe(abort.signal.reason);
    expect(
      await caught(decoding.process({ text, images: ["a.png", "b.png"], signal: AbortSignal.abort() })),
    ).toHaveProperty("name", "AbortError");
  });

  it("say what is missing", async () => {
    await expect(processor.process({ text: "<image>", images: "a.png" })).rejects.toThrow(
      'decoders.image: expected an ImageDecoder, to read "a.png", found none.',
    );
    await expect(processor.applyChatTemplate(user({ type: "video", path: "a.mp4" }))).rejects.toThrow(
      'prepareVideo: expected a function that prepares "a.mp4"',
    );
    await expect(processor.applyChatTemplate(user({ type: "image", base64: "&" }))).rejects.toThrow(MediaError);
  });
});
