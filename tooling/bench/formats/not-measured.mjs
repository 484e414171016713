/** The devices that this benchmark does not measure, with the choice for each and why. */
export const NOT_MEASURED = {
  webgpu: {
    formats: { vision: "fp16", text: "q8", head: "q8" },
    reason:
      "products of int8 rows (`MatMulInteger`) fall back to the CPU there, `MatMulNBits` runs with 4 and 8 bits: blocks for what a token reads, and q8 because its answers are fp32's; the tower computes, so it takes the adapter's float16 where there is one. Only a software adapter was at hand, whose times mean nothing",
  },
  cuda: {
    formats: { vision: "fp16", text: "fp16", head: "fp16" },
    reason:
      "float16 is what such processors multiply fastest, and it keeps the answers; there was none to measure quantised products on",
  },
  coreml: {
    formats: { vision: "fp32", text: "fp32", head: "fp32" },
    reason:
      "ONNX Runtime gives it standard operators alone and computes quantised products on the CPU, with copies in between; there was none to measure",
  },
  dml: {
    formats: { vision: "fp16", text: "q8", head: "q8" },
    reason: "as on WebGPU, the other way to the same processors; there was none to measure",
  },
};
