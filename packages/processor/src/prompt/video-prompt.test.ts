import { join } from "node:path";
import { InvalidArgumentError } from "@smolvlm/contracts";
import { describe, expect, it } from "vitest";
import { goldens, json, root } from "../../test-data/test-files.js";
import { durationText } from "./duration-text.js";
import { numberWords } from "./number-words.js";
import { videoPrompt } from "./video-prompt.js";

const tokens = { imageToken: "<image>", fakeImageToken: "<fake_token_around_image>", globalImageToken: "<global-img>" };

interface Goldens {
  readonly number_words: Readonly<Record<string, string>>;
  readonly durations: Readonly<Record<string, string>>;
  readonly prompts: readonly {
    frame_count: number;
    frames_indices: number[];
    fps: number | null;
    duration: number | null;
    image_seq_len: number;
    text: string;
  }[];
}
const reference = json<Goldens>(join(root, "fixtures/video-processor/goldens.json"));

describe("numberWords", () => {
  it("is num2words", () => {
    const all = { ...json<Record<string, string>>(goldens, "number-words.json"), ...reference.number_words };
    expect(Object.keys(all).length).toBeGreaterThan(300);
    for (const [number, words] of Object.entries(all)) expect(numberWords(Number(number))).toBe(words);
  });

  it.each([-1, 1.5, Number.NaN, 1_000_000])("refuses %d", (value) => {
    expect(() => numberWords(value)).toThrow(InvalidArgumentError);
  });
});

describe("durationText", () => {
  it.each([
    [0, "0:00:00"],
    [9, "0:00:09"],
    [66, "0:01:06"],
    [3600, "1:00:00"],
    [86_399, "23:59:59"],
    [86_400, "1 day, 0:00:00"],
    [2 * 86_400 + 36_005, "2 days, 10:00:05"],
  ])("%d", (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it("is the reference's", () => {
    for (const [seconds, text] of Object.entries(reference.durations)) expect(durationText(Number(seconds))).toBe(text);
  });
});

describe("videoPrompt", () => {
  it("is the reference's", () => {
    expect(reference.prompts.length).toBeGreaterThan(0);
    for (const golden of reference.prompts) {
      const duration = golden.duration ?? undefined;
      // The reference assumes 24 frames a second where the rate is unknown.
      const timestamps = golden.frames_indices.map((index) => index / (golden.fps ?? 24));
      const options = {
        timestamps,
        duration,
        frameCount: golden.frame_count,
        imageSeqLen: golden.image_seq_len,
        tokens,
      };
      expect(videoPrompt(options)).toBe(golden.text);
    }
  });

  it("has the frames and times of Hugging Face's slow test", () => {
    const indices = [0, 69, 139, 209, 279, 348, 418, 488, 558];
    const text = videoPrompt({
      timestamps: indices.map((index) => index / 60),
      duration: 559 / 60,
      imageSeqLen: 1,
      tokens,
    });
    const media = /<fake_token_around_image><global-img><image><fake_token_around_image>/g;
    const stamps = ["00:00", "00:01", "00:02", "00:03", "00:04", "00:05", "00:06", "00:08", "00:09"];
    expect(text.replace(media, "")).toBe(
      "You are provided the following series of nine frames from a 0:00:09 [H:MM:SS] video.\n" +
        stamps.map((stamp) => `\nFrame from ${stamp}:`).join("") +
        "\n\n",
    );
    expect(text.match(media)).toHaveLength(9);
  });

  it("refuses no frames and impossible times", () => {
    for (const timestamps of [[], [-1], [Number.NaN], [Number.POSITIVE_INFINITY]]) {
      expect(() => videoPrompt({ timestamps, imageSeqLen: 1, tokens })).toThrow(InvalidArgumentError);
    }
  });
});
