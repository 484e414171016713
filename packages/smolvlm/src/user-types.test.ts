import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** How a page's code is checked, and how a program's for Node is. */
const settings = {
  page: { module: "ESNext", moduleResolution: "Bundler", lib: ["ES2023", "ESNext.Disposable", "DOM"], types: [] },
  node: { module: "NodeNext", moduleResolution: "NodeNext", lib: ["ES2023", "ESNext.Disposable"], types: ["node"] },
};

/** What the compiler says of a user's module. */
function complaints(place: keyof typeof settings, code: string): readonly string[] {
  const path = `${folder}user-of-${place}.ts`;
  const json = { ...settings[place], target: "ES2022", strict: true, skipLibCheck: true, noEmit: true };
  const { options } = ts.convertCompilerOptionsFromJson(json, folder);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, target, ...others) =>
    name === path ? ts.createSourceFile(name, code, target) : getSourceFile(name, target, ...others);
  const program = ts.createProgram([path], options, host);
  const found = [...program.getGlobalDiagnostics(), ...program.getSemanticDiagnostics(program.getSourceFile(path))];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

/** A module that asks about a picture of each of these types. */
function asking(types: readonly string[]): string {
  const asks = types.map(
    (type, index) =>
      `declare const image${index}: ${type};
void model.generate({ messages: [{ role: "user", content: [{ type: "image", image: image${index} }] }] });`,
  );
  return `import { loadSmolVLM } from "smolvlm";\nconst model = await loadSmolVLM("org/name");\n${asks.join("\n")}\n`;
}

const everywhere = ["string", "URL", "Blob", "Uint8Array", "ArrayBuffer", "null"];
const inPages = [
  "ImageData",
  "ImageBitmap",
  "HTMLImageElement",
  "HTMLCanvasElement",
  "OffscreenCanvas",
  "HTMLVideoElement",
  "VideoFrame",
  "MediaStreamTrack",
  "File",
];

test("a page may ask about what it can draw", () => {
  expect(complaints("page", asking([...everywhere, ...inPages]))).toEqual([]);
  expect(complaints("page", asking(["number", "HTMLDivElement", "Promise<Blob>"]))).toHaveLength(3);
}, 60_000);

test("a program for Node needs no types of pages, and may not ask about what only pages have", () => {
  expect(complaints("node", asking([...everywhere, "Buffer"]))).toEqual([]);
  const frame = "{ readonly displayWidth: number; readonly displayHeight: number; close(): void }";
  expect(complaints("node", asking(["number", frame]))).toHaveLength(2);
}, 60_000);
