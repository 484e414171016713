import { parseModelConfig } from "@smolvlm/config";
import { tensor } from "@smolvlm/contracts";
import { describe, expect, test } from "vitest";
import { assignImageFeatures } from "./assign-image-features.js";
import { ImageTokenError } from "./image-token-error.js";
import { promptRows } from "./prompt-row.js";

const int32 = (...rows: number[][]) =>
  tensor("int32", [rows.length, rows[0]?.length ?? 0], Int32Array.from(rows.flat()));

test("padding on either side is taken off", () => {
  const rows = promptRows(
    { inputIds: int32([2, 2, 5, 6], [7, 8, 9, 2]), attentionMask: int32([0, 0, 1, 1], [1, 1, 1, 0]) },
    10,
  );
  expect(rows.map(({ ids, start }) => [[...ids], start])).toEqual([
    [[5, 6], 2],
    [[7, 8, 9], 0],
  ]);
  expect(promptRows({ inputIds: int32([1, 2]) }, 10)[0]?.ids).toEqual(Int32Array.of(1, 2));
});

test.each([
  [
    { inputIds: int32([1, 2, 3]), attentionMask: int32([1, 0, 1]) },
    "attentionMask: expected padding on one side of row 0, found padding between tokens.",
  ],
  [
    { inputIds: int32([1, 2]), attentionMask: int32([0, 0]) },
    "attentionMask: expected at least one token in row 0, found padding only.",
  ],
  [
    { inputIds: int32([1, 2]), attentionMask: int32([1, 1], [1, 1]) },
    "attentionMask: expected [1, 2], the shape of inputIds, found [2, 2].",
  ],
  [
    { inputIds: tensor("int32", [2], Int32Array.of(1, 2)) },
    "inputIds: expected [batch, length] with at least one row, found [2].",
  ],
  [{ inputIds: int32([1, 10]) }, "inputIds: expected ids from 0 to 9, found 10 in row 0."],
  [{ inputIds: int32([-1, 1]) }, "inputIds: expected ids from 0 to 9, found -1 in row 0."],
])("wrong batches are refused: %#", (inputs, message) => {
  expect(() => promptRows(inputs, 10)).toThrow(message);
});

describe("image features are handed out in order", () => {
  const config = (model_type: string) =>
    parseModelConfig({ model_type, image_token_id: 9, vision_config: {}, text_config: {}, scale_factor: 1 });
  const rows = (...ids: number[][]) =>
    ids.map((each) => ({ ids: Int32Array.from(each), features: new Int32Array(each.length), start: 0 }));
  const assign = (model: string, prompts: number[][], frames: number) => {
    return assignImageFeatures(rows(...prompts), config(model), frames, 2).map(({ features }) => [...features]);
  };

  test.each(["smolvlm", "idefics3"])("%s: block by block over the rows; surplus frames are ignored", (model) => {
    expect(
      assign(
        model,
        [
          [1, 9, 9, 2],
          [3, 4],
          [9, 9, 9, 9],
        ],
        4,
      ),
    ).toEqual([
      [-1, 0, 1, -1],
      [-1, -1],
      [2, 3, 4, 5],
    ]);
  });

  test("SmolVLM2 refuses rows that do not hold whole frames, SmolVLM does not", () => {
    expect(() =>
      assign(
        "smolvlm",
        [
          [9, 9],
          [9, 1],
        ],
        2,
      ),
    ).toThrow(
      "inputIds: expected <image> tokens in multiples of 2, one block a frame, found 1 in row 1 (At least one sample has <image> tokens not divisible by patch_size.).",
    );
    expect(
      assign(
        "idefics3",
        [
          [9, 9],
          [9, 1],
        ],
        2,
      ),
    ).toEqual([
      [0, 1],
      [2, -1],
    ]);
  });

  test.each(["smolvlm", "idefics3"])("%s: more tokens than features are refused", (model) => {
    expect(() =>
      assign(
        model,
        [
          [9, 9],
          [9, 9],
        ],
        1,
      ),
    ).toThrow(ImageTokenError);
    expect(() =>
      assign(
        model,
        [
          [9, 9],
          [9, 9],
        ],
        1,
      ),
    ).toThrow("inputIds: expected at most 2 <image> tokens, 2 for each of 1 frames, found 4.");
  });
});
