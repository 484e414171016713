import { readFileSync } from "node:fs";
import { autoFormats } from "@smolvlm/model-core";
import { describe, expect, test } from "vitest";
import { chooseFormats, EQUAL_ANSWERS, nameOf, type Combination, type Measured } from "./choose-formats.mjs";
import { autoFormatsModule, choices, reportFormats, type MeasuredFormats } from "./report-formats.mjs";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const measured = JSON.parse(read("measured.json")) as MeasuredFormats;

test("what is shipped, and what is written about it, is what the rule makes of what was measured", () => {
  expect(choices(measured)).toEqual(autoFormats);
  expect(read("../../../packages/model-core/src/inference/auto-formats.ts")).toBe(autoFormatsModule(choices(measured)));
  expect(read("../../../docs/auto-formats.md")).toBe(reportFormats(measured));
});

test("the answers in what is chosen were measured, and are fp32's", () => {
  for (const [device, machines] of Object.entries(measured.devices)) {
    const chosen = choices(measured)[device] as Combination;
    const answers = machines.map((each) => each.answers[nameOf(chosen)] ?? -1);
    expect(Math.max(...answers)).toBeGreaterThanOrEqual(EQUAL_ANSWERS);
  }
});

describe("the rule", () => {
  const parameters = { vision: 100, connector: 0, text: 100, embedding: 30 };
  /** A machine on which int8 is fastest in the tower and q8 in the text model. */
  const machine: Measured = {
    times: {
      base: "q8",
      vision: { fp32: 1000, q8: 900, int8: 500 },
      prefill: { fp32: 900, q8: 700, int8: 600 },
      text: { fp32: 30, q8: 10, int8: 16 },
      head: { fp32: 12, q8: 10, int8: 10 },
    },
    logits: { q8: { vision: 0.001, text: 0.002, head: 0.001 }, int8: { vision: 0.002, text: 0.009, head: 0.002 } },
    answers: {},
  };
  const withAnswers = (answers: Record<string, number>): Measured => ({ ...machine, answers });

  test("asks for the answers of the fastest first, and takes it when they are fp32's", () => {
    const best = { vision: "int8", text: "q8", head: "q8" };
    expect(chooseFormats("cpu", [machine], parameters)).toEqual({ unknown: best });
    expect(chooseFormats("cpu", [withAnswers({ "int8-q8-q8": 0.996 })], parameters)).toEqual({ chosen: best });
  });

  test("goes on to the next when answers differ, on any machine", () => {
    const [good, bad] = [1, 0.99].map((equal) => withAnswers({ "int8-q8-q8": equal, "int8-q8-int8": 1 }));
    for (const machines of [[bad], [good, bad]] as Measured[][])
      expect(chooseFormats("cpu", machines, parameters)).toEqual({
        chosen: { vision: "int8", text: "q8", head: "int8" },
      });
  });

  test("leaves out what is too far off, however fast", () => {
    const fast = { ...machine.times.text, int8: 1 };
    const found = chooseFormats("cpu", [{ ...machine, times: { ...machine.times, text: fast } }], parameters);
    expect(found).toEqual({ unknown: { vision: "int8", text: "q8", head: "q8" } });
  });

  test("of two machines the one counts where a combination is slower", () => {
    const slow = { ...machine, times: { ...machine.times, vision: { fp32: 1000, q8: 900, int8: 5000 } } };
    expect(chooseFormats("cpu", [machine, slow], parameters)).toEqual({
      unknown: { vision: "q8", text: "q8", head: "q8" },
    });
  });
});
