import { InvalidArgumentError, tensor, type ModelInputs, type RawImage } from "@smolvlm/contracts";
import type { OpenedImage } from "@smolvlm/image-processor";
import { beforeAll, describe, expect, it } from "vitest";
import { caught, image, imageTokens, publishedProcessor, reds, user, video } from "../test-data/test-media.js";
import { folderFiles, realFiles } from "../test-data/test-files.js";
import { ImageTokenCountError, MediaCountError, MissingMediaError } from "./errors.js";
import { SmolVLMProcessor } from "./smolvlm-processor.js";

let processor: SmolVLMProcessor;
beforeAll(async () => {
  processor = await publishedProcessor();
});

describe("expansion with the published tokenizer", () => {
  it.each([
    [640, 480, 862, 832],
    [480, 640, 12 * 66 + 3 + 1 + 67, 832],
    [96, 96, 1127, 1088],
    [1000, 260, 8 * 66 + 1 + 1 + 67, 576],
    [2000, 500, 4 * 66 + 1 + 67, 320],
    [500, 2000, 4 * 66 + 3 + 1 + 67, 320],
  ])("%d×%d is %d tokens, %d of them <image>", async (width, height, length, count) => {
    const { inputIds } = await processor.process({ text: "<image>", images: image(width, height) });
    expect([inputIds.data.length, imageTokens(inputIds.data)]).toEqual([length, count]);
  });

  it("an unsplit picture is 67 tokens, with no row or column", async () => {
    const { inputIds } = await processor.process({
      text: "<image>",
      images: image(640, 480),
      imageOptions: { doImageSplitting: false },
    });
    expect(Array.from(inputIds.data)).toEqual([49189, 49152, ...Array<number>(64).fill(49190), 49189]);
  });

  it("rows end in 198, the last one and the empty line in one token 1116", async () => {
    const { inputIds } = await processor.process({ text: "What is in <image> this image?", images: image(100, 80) });
    const ids = Array.from(inputIds.data);
    expect(ids.filter((id) => id < 49152)).toEqual([
      ...processor.tokenizer.encode("What is in "),
      198,
      198,
      198,
      1116,
      ...processor.tokenizer.encode(" this image?"),
    ]);
    expect(ids.filter((id) => id > 49152 && id < 49189)).toEqual(
      Array.from({ length: 16 }, (_, i) => 49153 + 6 * Math.floor(i / 4) + (i % 4)),
    );
    const prompt = await processor.applyChatTemplate(
      user(
        { type: "text", text: "What is in " },
        { type: "image", image: image(100, 80) },
        { type: "text", text: " this image?" },
      ),
      { addGenerationPrompt: true },
    );
    const row = Array.from(prompt.inputIds.data);
    expect(row.slice(0, 9)).toEqual([1, 11126, 42, 1812, 314, 281, 216, 49189, 49153]);
    expect(row.slice(9, 73).every((id) => id === 49190)).toBe(true);
    expect(row.slice(73, 75)).toEqual([49189, 49154]);
    expect(row.slice(-8)).toEqual([451, 2443, 47, 49279, 198, 9519, 9531, 42]);
    expect(imageTokens(row)).toBe(1088);
  });

  it("text alone", async () => {
    const inputs = await processor.applyChatTemplate([{ role: "user", content: "What color is the sky?" }], {
      addGenerationPrompt: true,
    });
    expect(Array.from(inputs.inputIds.data)).toEqual([
      1, 11126, 42, 1812, 2380, 314, 260, 6376, 47, 49279, 198, 9519, 9531, 42,
    ]);
    expect(inputs.pixelValues).toBeUndefined();
    expect(Object.keys(inputs)).toEqual(["inputIds", "attentionMask"]);
  });

  it("2.2B: 81 tokens a frame", async () => {
    const large = await publishedProcessor("SmolVLM2-2.2B-Instruct");
    const { inputIds } = await large.process({ text: "<image><image>", images: [image(4, 4), image(333, 500)] });
    expect(imageTokens(inputIds.data)).toBe(1377 + 1053);
  });
});

describe("counts", () => {
  const a = image(4, 4);
  const batches: [string[], RawImage[][], number[], number[]][] = [
    [["<image>"], [[a, a]], [1], [2]],
    [["<image><image>"], [[a]], [2], [1]],
    [["a"], [[a]], [0], [1]],
    [["<image>", "b"], [[a]], [1, 0], [1]],
    [["<image>", "<image>"], [[a, a]], [1, 1], [2]],
    [
      ["<image>", "<image><image>"],
      [[a, a], [a]],
      [1, 2],
      [2, 1],
    ],
    [
      ["<image>", "b"],
      [[a], [a]],
      [1, 0],
      [1, 1],
    ],
    [["<image>"], [[]], [1], [0]],
  ];
  it.each(batches)("%j", async (text, images, inText, given) => {
    const error = await caught(processor.process({ text, images }));
    expect(MediaCountError.isInstance(error) && [error.kind, error.inText, error.given]).toEqual([
      "image",
      inText,
      given,
    ]);
  });

  it("placeholders without any media", async () => {
    const error = await caught(processor.process({ text: ["a <image>", "<image><image>"] }));
    expect(MissingMediaError.isInstance(error) && error.placeholders).toBe(3);
    expect(
      MediaCountError.isInstance(await caught(processor.process({ text: "<image><video>", videos: video(1, 1) }))),
    ).toBe(true);
    const videos = await caught(processor.process({ text: ["<video>"], videos: [[video(1, 1), video(1, 1)]] }));
    expect(MediaCountError.isInstance(videos) && [videos.kind, videos.inText, videos.given]).toEqual([
      "video",
      [1],
      [2],
    ]);
  });

  it("`<video>` without videos stays text", async () => {
    const { inputIds } = await processor.process({ text: "a <video>" });
    expect(processor.decode(inputIds.data)).toBe("a <video>");
  });

  it("nothing, or both kinds without text", async () => {
    await expect(processor.process({})).rejects.toThrow(InvalidArgumentError);
    await expect(processor.process({ images: a, videos: video(1, 1) })).rejects.toThrow(
      "exactly one of images and videos",
    );
    await expect(processor.process({ text: [] })).rejects.toThrow(InvalidArgumentError);
    await expect(
      processor.process({ text: "<image><image>", images: [a, [a]] as unknown as RawImage[] }),
    ).rejects.toThrow(InvalidArgumentError);
  });

  it("media alone give frames alone", async () => {
    const pixels = await processor.process({
      images: [[image(4, 4, 7)], []],
      imageOptions: { doImageSplitting: false },
    });
    expect([pixels.pixelValues.dims, Object.keys(pixels)]).toEqual([
      [2, 1, 3, 1, 1],
      ["pixelValues", "pixelAttentionMask"],
    ]);
    expect((await processor.process({ videos: [[video(2, 1)], [video(3, 2)]] })).pixelValues.dims).toEqual([
      2, 3, 3, 1, 1,
    ]);
  });
});

describe("batches", () => {
  const texts = [
    user({ type: "text", text: "Hi" }),
    user({ type: "image", image: image(4, 4) }, { type: "text", text: "What is this?" }),
  ];
  const options = { addGenerationPrompt: true, imageOptions: { doImageSplitting: false } };

  it("rows of text beside rows with pictures, padded on the left", async () => {
    const batch = await processor.applyChatTemplate(texts, options);
    const alone = await Promise.all(texts.map((conversation) => processor.applyChatTemplate(conversation, options)));
    const [length = 0] = batch.inputIds.dims.slice(-1);
    alone.forEach(({ inputIds }, row) => {
      const ids = Array.from(batch.inputIds.data.subarray(row * length, (row + 1) * length));
      const mask = Array.from(batch.attentionMask.data.subarray(row * length, (row + 1) * length));
      const padding = length - inputIds.data.length;
      expect(ids).toEqual([...Array<number>(padding).fill(2), ...inputIds.data]);
      expect(mask).toEqual([...Array<number>(padding).fill(0), ...Array<number>(length - padding).fill(1)]);
    });
    expect([batch.pixelValues?.dims, Array.from(batch.pixelAttentionMask?.data ?? [])]).toEqual([
      [2, 1, 3, 1, 1],
      [0, 1],
    ]);
  });

  it("on the right, to a length, or not at all", async () => {
    const right = await processor.process({ text: ["a", "a b c"], paddingSide: "right" });
    expect([Array.from(right.inputIds.data), Array.from(right.attentionMask.data)]).toEqual([
      [81, 2, 2, 81, 278, 265],
      [1, 0, 0, 1, 1, 1],
    ]);
    expect((await processor.process({ text: "a", padding: "max_length", maxLength: 5 })).inputIds.dims).toEqual([1, 5]);
    await expect(processor.process({ text: ["a", "a b"], padding: false })).rejects.toThrow(
      "padding: expected true, since rows differ in length",
    );
    expect((await processor.process({ text: ["a", "b"], padding: false })).inputIds.dims).toEqual([2, 1]);
  });

  it("truncation cuts on the tokenizer's side, and never image tokens", async () => {
    const cut = await processor.process({ text: "a b c", truncation: true, maxLength: 2 });
    expect(processor.batchDecode(cut.inputIds)).toEqual([" b c"]);
    const error = await caught(
      processor.process({ text: "<image>", images: image(4, 4), truncation: true, maxLength: 20, ...options }),
    );
    expect(ImageTokenCountError.isInstance(error) && [error.inText, error.inIds]).toEqual([[64], [19]]);
    await expect(processor.process({ text: "a", truncation: true, maxLength: 0 })).rejects.toThrow(
      InvalidArgumentError,
    );
  });
});

describe("images and videos in one text", () => {
  const text = ["<video> then <image> then <video>", "nothing", "<image><video>"];
  const images = [[image(4, 4, 50)], [], [image(4, 4, 60)]];
  const videos = [[video(2, 1, 9), video(1, 2)], [], [video(3, 3)]];

  it("take their frames in the order of the text", async () => {
    const inputs = await processor.process({ text, images, videos, imageOptions: { doImageSplitting: false } });
    expect(inputs.pixelValues?.dims).toEqual([3, 4, 3, 1, 1]);
    expect(reds(inputs.pixelValues)).toEqual([1, 1, 50, 2, 0, 0, 0, 0, 60, 3, 3, 3]);
    expect(Array.from(inputs.pixelAttentionMask?.data ?? [])).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1]);
    const [length = 0] = inputs.inputIds.dims.slice(-1);
    const frames = [0, 1, 2].map(
      (row) => imageTokens(inputs.inputIds.data.subarray(row * length, (row + 1) * length)) / 64,
    );
    expect(frames).toEqual([4, 0, 4]);
    const [first = ""] = processor.batchDecode(inputs.inputIds, { skipSpecialTokens: true });
    expect(first).toContain(
      "series of two frames from a 0:00:09 [H:MM:SS] video.\n\nFrame from 00:00:\nFrame from 00:01:\n\n then  then You",
    );
    expect(first).toContain("series of one frames from a 0:00:00 [H:MM:SS] video.");
  });

  it("come one by one on request, in the same order and with the same text", async () => {
    for (const given of [
      { text, images, videos },
      { text: ["<image> and <image>", ""], images: [[image(4, 1, 50), image(4, 4, 60)], []] },
    ]) {
      const whole = await processor.process(given);
      const fed: ModelInputs = await processor.process({ ...given, streamFrames: true });
      const seen: number[] = [];
      for await (const frame of fed.frames ?? []) seen.push(frame.data[0] ?? 0);
      expect(seen).toEqual(reds(whole.pixelValues).filter((red) => red > 0));
      expect([fed.frames?.count, fed.pixelValues, fed.inputIds]).toEqual([seen.length, undefined, whole.inputIds]);
    }
  });

  it("decode pictures on request when their first frame is asked for, one after the other", async () => {
    const decoded: string[] = [];
    const pictures = new Map([
      ["a.png", image(4, 1, 50)],
      ["b.png", image(4, 4, 60)],
    ]);
    const picture = (source: unknown): RawImage => pictures.get(String(source)) as RawImage;
    const decode = async (source: unknown): Promise<RawImage> => {
      decoded.push(String(source));
      return picture(source);
    };
    const open = async (source: unknown): Promise<OpenedImage> => ({
      ...picture(source),
      decode: () => decode(source),
    });
    const lazy = new SmolVLMProcessor({ ...processor, decoders: { image: { decode, open } } });
    const given = { text: "<image> and <image>", images: ["a.png", "b.png"] };
    const whole = await lazy.process(given);
    expect(decoded.splice(0).sort()).toEqual(["a.png", "b.png"]);
    const fed: ModelInputs = await lazy.process({ ...given, streamFrames: true });
    expect([decoded, fed.inputIds]).toEqual([[], whole.inputIds]);
    const seen: [number, number][] = [];
    for await (const frame of fed.frames ?? []) seen.push([frame.data[0] ?? 0, decoded.length]);
    expect(seen.map(([red]) => red)).toEqual(reds(whole.pixelValues));
    // Five frames of the first, which was the only one then.
    expect(seen.map(([, count]) => count)).toEqual([...Array<number>(5).fill(1), ...Array<number>(17).fill(2)]);
    const unread: ModelInputs = await lazy.process({ ...given, streamFrames: true });
    await unread.frames?.[Symbol.asyncDispose]();
    expect(decoded).toHaveLength(2);
  });

  it("refuse a picture that has another size than its decoder announced", async () => {
    const open = async (): Promise<OpenedImage> => ({ width: 4, height: 4, decode: async () => image(4, 1) });
    const decode = async (): Promise<RawImage> => image(4, 1);
    const lying = new SmolVLMProcessor({ ...processor, decoders: { image: { decode, open } } });
    const fed: ModelInputs = await lying.process({ text: "<image>", images: "a.png", streamFrames: true });
    const read = async (): Promise<void> => {
      for await (const _frame of fed.frames ?? []);
    };
    await expect(read()).rejects.toThrow(/decoders\.image.*4×4.*4×1/);
  });

  it("a split picture keeps its tiles together", async () => {
    const inputs = await processor.process({
      text: "<image><video><image>",
      images: [image(4, 1, 50), image(4, 4, 60)],
      videos: video(1, 9),
    });
    expect(reds(inputs.pixelValues)).toEqual([...Array<number>(5).fill(50), 9, ...Array<number>(17).fill(60)]);
  });

  it("announce their own frames, or the longest video's as the reference does", async () => {
    const input = { text: ["<video>", "<video>"], videos: [[video(2, 1)], [video(5, 1)]] };
    const announced = async (announceLongestVideo: boolean) => {
      const { inputIds } = await processor.process({ ...input, announceLongestVideo });
      return processor.batchDecode(inputIds).map((prompt) => /series of (\w+) frames/.exec(prompt)?.[1]);
    };
    expect([await announced(false), await announced(true)]).toEqual([
      ["two", "five"],
      ["five", "five"],
    ]);
  });

  it("refuses frames of another size or count", async () => {
    const wide = { ...video(1, 1), pixelValues: tensor("float32", [1, 3, 2, 2], new Float32Array(12)) };
    await expect(processor.process({ text: "<image><video>", images: image(4, 4), videos: wide })).rejects.toThrow(
      "frames of [3, 1, 1]",
    );
    await expect(processor.process({ text: "<video>", videos: { ...video(2, 1), timestamps: [0] } })).rejects.toThrow(
      InvalidArgumentError,
    );
  });
});

describe("loading", () => {
  it("gives the parts their published values", async () => {
    expect([processor.imageTokenId, processor.config.imageSeqLen, processor.config.processorClass]).toEqual([
      49190,
      64,
      "SmolVLMProcessor",
    ]);
    expect(processor.chatTemplate).toContain("capitalize");
  });

  it("names the file that is missing", async () => {
    await expect(SmolVLMProcessor.fromPretrained(folderFiles(`${realFiles}/smollm`))).rejects.toThrow(
      "preprocessor_config.json",
    );
  });
});
