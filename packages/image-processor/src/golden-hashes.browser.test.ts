import { call } from "@smolvlm/tooling/browser-page";
import { describe, expect, it } from "vitest";
import { openTestPage } from "./testing/open-test-page.js";
import { specification } from "./testing/specification.js";

interface Answer {
  readonly engine: string;
  readonly rows: readonly (readonly string[])[];
}

describe("the golden hashes of the specification, §2.7, in Chromium", () => {
  it.each([
    ["in WebAssembly, four stacks", {}, "webassembly", 4],
    [
      "in TypeScript, where the page's policy forbids WebAssembly, Pillow and torchvision",
      { headers: { "Content-Security-Policy": "default-src 'self'" } },
      "typescript",
      2,
    ],
  ])(
    "%s",
    async (_, options, engine, stacks) => {
      await using opened = await openTestPage(options);
      const answer = await call<Answer>(opened.page, "goldenHashes", { stacks });
      const expected = specification.flatMap(([, , , , , split, unsplit]) => [split, unsplit]);
      expect(answer).toEqual({ engine, rows: expected.map((row) => row.slice(0, stacks)) });
    },
    240_000,
  );
});
