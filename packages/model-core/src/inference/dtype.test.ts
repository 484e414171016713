import type { Target } from "@smolvlm/contracts";
import { expect, test } from "vitest";
import { graphFormats, resolveDtype } from "./dtype.js";

const target = (device: Target["device"], blockwise: boolean, rowwiseBits: 0 | 8): Target => {
  return { device, keyValueCache: "new-rows", float16: false, quantizedMatMul: { blockwise, rowwiseBits } };
};
const cpu = target("cpu", true, 8);
const wasm = target("wasm", false, 8);
const webgpu = target("webgpu", true, 0);

test("what a device does not run well becomes the nearest that it does", () => {
  const all = (device: Target): string[] => {
    return (["fp32", "fp16", "q8", "int8", "q4"] as const).map((format) => resolveDtype(format, device).text);
  };
  expect(all(cpu)).toEqual(["fp32", "fp16", "q8", "int8", "q4"]);
  expect(all(wasm)).toEqual(["fp32", "fp16", "int8", "int8", "int8"]);
  expect(all(webgpu)).toEqual(["fp32", "fp16", "q8", "q8", "q4"]);
  expect(all(target("coreml", false, 0))).toEqual(["fp32", "fp16", "fp32", "fp32", "fp32"]);
});

test("parts have formats of their own, and the head is as the text where nothing is said, or q8 where that is q4", () => {
  expect(resolveDtype(undefined, cpu)).toEqual({ vision: "fp32", text: "fp32", head: "fp32" });
  expect(resolveDtype({ text: "int8" }, cpu)).toEqual({ vision: "fp32", text: "int8", head: "int8" });
  expect(resolveDtype({ text: "q4" }, cpu)).toEqual({ vision: "fp32", text: "q4", head: "q8" });
  expect(resolveDtype("q4", cpu)).toEqual({ vision: "q4", text: "q4", head: "q8" });
  expect(resolveDtype("q4", wasm)).toEqual({ vision: "int8", text: "int8", head: "int8" });
  expect(resolveDtype({ text: "q4", head: "q4" }, cpu)).toEqual({ vision: "fp32", text: "q4", head: "q4" });
  const formats = resolveDtype({ vision: "int8", text: "q4", head: "q8" }, cpu);
  expect(graphFormats(formats)).toEqual({
    vision: { linear: "int8", head: "int8" },
    text: { linear: "q4", head: "q8" },
  });
});

test("auto never chooses what the device does not run", () => {
  for (const device of [cpu, wasm, webgpu]) {
    const chosen = resolveDtype("auto", device);
    expect(resolveDtype(chosen, device)).toEqual(chosen);
  }
});

test("a converted folder has its formats, or what a device makes of them", () => {
  const fixed = { vision: "int8", text: "q8", head: "q8" } as const;
  expect(resolveDtype(undefined, cpu, { fixed })).toEqual(fixed);
  expect(resolveDtype("auto", cpu, { fixed })).toEqual(fixed);
  expect(resolveDtype({ text: "q8" }, wasm, { fixed })).toEqual({ vision: "int8", text: "int8", head: "int8" });
  const small = { vision: "q4", text: "q4", head: "q4" } as const;
  expect(resolveDtype("q4", cpu, { fixed: small })).toEqual(small);
  expect(() => resolveDtype("fp32", cpu, { fixed })).toThrow(
    "dtype: expected int8, which this folder's vision was converted to; load the original for others, found fp32.",
  );
});
