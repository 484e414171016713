import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Packages from the bottom up; a package may import those that stand before it (DESIGN: arrows only go down). */
const layers = [
  ["contracts"],
  ["config", "hub", "backend-common", "nano"],
  ["image-processor", "model-core", "backend-node", "backend-web"],
  ["video-processor"],
  ["processor"],
  ["smolvlm"],
];
const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer] as const)));

/** Only for Node, as a whole: they need not keep Node code under src/node. */
const nodeOnly = ["backend-node"];

const sources = readdirSync(`${root}packages`).flatMap((name) =>
  readdirSync(`${root}packages/${name}/src`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.test(-d)?\.ts$|(^|\/)testing\//.test(file))
    .map((file) => ({ name, file, text: readFileSync(`${root}packages/${name}/src/${file}`, "utf8") })),
);

/** Modules that a source imports, types included. */
function imports(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1] as string);
}

/** Lines of a source that are not comments. */
function codeOf(text: string): string[] {
  return text.split("\n").filter((line) => !/^\s*(\/?\*|\/\/)/.test(line));
}

describe("architecture", () => {
  test("every package has a layer", () => {
    expect([...new Set(sources.map(({ name }) => name))].filter((name) => !layerOf.has(name))).toEqual([]);
  });

  test("arrows only go down", () => {
    const wrong = sources.flatMap(({ name, file, text }) =>
      imports(text)
        .map((path) => /^(?:@smolvlm\/([\w-]+)|(smolvlm))(?:\/|$)/.exec(path))
        .flatMap((match) => (match ? [match[1] ?? (match[2] as string)] : []))
        .filter((imported) => imported !== name && (layerOf.get(imported) ?? 99) >= (layerOf.get(name) ?? 99))
        .map((imported) => `${name}/${file} → ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  test("neutral code imports no runtime", () => {
    const wrong = sources
      .filter(({ name, file }) => !nodeOnly.includes(name) && !file.startsWith("node/"))
      .flatMap(({ name, file, text }) =>
        imports(text)
          .filter(
            (path) =>
              !(name === "backend-web" && path.startsWith("onnxruntime-web/")) &&
              !(file.startsWith("web/") && path.startsWith("@smolvlm/backend-web")) &&
              (/^(node:|sharp$|onnxruntime-(?!common$)|@smolvlm\/[\w-]+\/node$|@smolvlm\/backend-(?!common$))/.test(
                path,
              ) ||
                path.includes("/node/")),
          )
          .map((path) => `${name}/${file} → ${path}`),
      );
    expect(wrong).toEqual([]);
  });

  test("only browser code knows of a page", () => {
    const page = /\b(document|location|navigator)\.|@smolvlm\/[\w-]+\/web["']|\/web\//;
    const wrong = sources
      .filter(({ name, file }) => !file.startsWith("web/") && name !== "backend-web")
      .flatMap(({ name, file, text }) =>
        codeOf(text)
          .filter((line) => page.test(line))
          .map((line) => `${name}/${file}: ${line.trim()}`),
      );
    expect(wrong).toEqual([]);
  });

  test("the runtime is passed in, never sniffed", () => {
    const sniff = /typeof (window|process|document|Deno|Bun|navigator)\b|globalThis\.(process|window|document)\b/;
    expect(sources.filter(({ text }) => sniff.test(text)).map(({ name, file }) => `${name}/${file}`)).toEqual([]);
  });

  test("contracts stay thin", () => {
    const lines = sources
      .filter(({ name }) => name === "contracts")
      .reduce((sum, { text }) => sum + text.split("\n").length, 0);
    expect(lines).toBeLessThanOrEqual(600);
    const manifest = JSON.parse(readFileSync(`${root}packages/contracts/package.json`, "utf8")) as object;
    expect(manifest).not.toHaveProperty("dependencies");
  });
});
