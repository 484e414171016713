/**
 * Who is measured. `operations` is what a side can be asked; see `stages.mjs`.
 *
 * @typedef {{ name: string, title: string, group: "ours" | "torch" | "transformers.js" | "llama.cpp", operations: Set<string>,
 *   command: string, args: string[], load: object }} Side
 */
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const TEXT = ["decode"];
const MODEL = [...TEXT, "vision", "firstToken", "answer"];
const IMAGE = ["imagePath", "decodeImage", "preprocess"];

/**
 * @param {{ dtypes: string[], sessionDtype: string, python?: string, peers?: { folder: string, model: string, gguf: string },
 *   folder: string, threads: number, store: string }} options
 * @returns {Side[]} ours first.
 */
export function sidesOf({ dtypes, sessionDtype, python, peers, folder, threads, store }) {
  const common = { folder, threads };
  const ours = dtypes.map((dtype, index) => ({
    name: dtype,
    title: dtype,
    group: "ours",
    operations: new Set([
      ...MODEL,
      "decodeBatch",
      ...(index === 0 ? IMAGE : []),
      ...(dtype === sessionDtype ? ["secondQuestion", "samePicture"] : []),
    ]),
    command: process.execPath,
    args: [here("side-ours.mjs")],
    load: { ...common, dtype, store },
  }));
  const torch = [
    ["torch", "PyTorch fp32", "float32"],
    ["torch-bf16", "PyTorch bf16", "bfloat16"],
  ].map(([name, title, dtype]) => ({
    name,
    title,
    group: "torch",
    operations: new Set(name === "torch" ? [...MODEL, ...IMAGE, "limits"] : MODEL),
    command: python,
    args: [here("bench_reference.py")],
    load: { ...common, dtype },
  }));
  const others = ["fp32", "q8"].map((dtype) => ({
    name: `tjs-${dtype}`,
    title: `transformers.js ${dtype}`,
    group: "transformers.js",
    operations: new Set(dtype === "fp32" ? [...MODEL, ...IMAGE, "sameInputs"] : MODEL),
    command: process.execPath,
    args: [here("peers/side-transformers-js.mjs"), peers?.folder],
    load: { ...common, folder: peers?.model, dtype },
  }));
  const llama = {
    name: "llama-q8",
    title: "llama.cpp Q8_0",
    group: "llama.cpp",
    operations: new Set(TEXT),
    command: process.execPath,
    args: [here("peers/side-llama-cpp.mjs"), peers?.folder],
    load: { ...common, gguf: peers?.gguf },
  };
  return [...ours, ...(python ? torch : []), ...(peers ? [...others, llama] : [])];
}
