import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { capture } from "./testing/capture.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smolvlm-convert-"));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

describe("convert", () => {
  test.each(["auto", "vision=int8,text=q4,head=fp16"])(
    "to %s makes a folder that answers as the original",
    async (dtype) => {
      const place = join(folder, dtype);
      const { status, stdout, stderr } = await capture(["convert", "nano", place, "--dtype", dtype]);
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(`--model ${place}`);
      const cache = join(folder, `cache-${dtype}`);
      vi.stubEnv("SMOLVLM_CACHE", cache);
      const answer = await capture(["describe", nanoExamples.scene, "--model", place]);
      expect(answer).toMatchObject({ status: 0, stdout: expect.stringMatching(/^A red heart.*white background\.\n$/) });
      // What is converted is used where it is.
      expect(await readdir(cache).catch(() => [])).toEqual([]);
    },
  );

  test("--check tells how far the converted weights are from the original", async () => {
    const place = join(folder, "checked");
    const { status, stderr } = await capture(["convert", "nano", place, "--dtype", "q8", "--check"]);
    expect(status).toBe(0);
    const [, vision, language] = /^checked: vision off by ([\d.]+) %, language off by ([\d.]+) %\n$/.exec(stderr) ?? [];
    for (const percent of [vision, language]) {
      expect(Number(percent)).toBeGreaterThan(0);
      expect(Number(percent)).toBeLessThan(5);
    }
    expect(await readdir(place)).toContain("smolvlm.json");
    const exact = await capture(["convert", "nano", join(folder, "exact"), "--dtype", "fp32", "--check"]);
    expect([exact.status, exact.stderr]).toEqual([
      0,
      "checked: vision has nothing to be compared with, language has nothing to be compared with\n",
    ]);
  }, 60_000);

  test("a folder with something in it is refused, and replaced with --force", async () => {
    const place = join(folder, "taken");
    await mkdir(place);
    await writeFile(join(place, "thesis.txt"), "text");
    const refused = await capture(["convert", "nano", place]);
    expect([refused.status, refused.stderr]).toEqual([
      1,
      `smolvlm: folder: expected one that is new or empty, found ${place}.\n`,
    ]);
    expect(await readFile(join(place, "thesis.txt"), "utf8")).toBe("text");
    expect((await capture(["convert", "nano", place, "--force"])).status).toBe(0);
    expect(await readdir(place)).toContain("smolvlm.json");
    expect(await readdir(place)).not.toContain("thesis.txt");
  });

  test("an interrupt, or weights that a format cannot hold, leave nothing", async () => {
    const broken = join(folder, "broken");
    await mkdir(broken);
    for (const name of await readdir(nanoModelPath)) {
      const bytes = await readFile(join(nanoModelPath, name));
      // The last weight becomes infinite.
      if (name === "model.safetensors") bytes.set([0x80, 0x7f], bytes.length - 2);
      await writeFile(join(broken, name), bytes);
    }
    const before = await readdir(folder);
    const place = join(folder, "never");
    expect((await capture(["convert", "nano", place], AbortSignal.abort())).status).toBe(130);
    const refused = await capture(["convert", broken, place, "--dtype", "q8"]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^smolvlm: model\.safetensors: .* not finite or too large for it; use a more exact/);
    expect(await readdir(folder)).toEqual(before);
  });

  test("a converted folder has its formats and no others", async () => {
    const place = join(folder, "only-q8");
    await capture(["convert", "nano", place, "--dtype", "q8"]);
    const { status, stderr } = await capture(["describe", nanoExamples.scene, "--model", place, "--dtype", "q4"]);
    expect(status).toBe(1);
    expect(stderr).toContain("expected q8, which this folder's vision was converted to; load the original for others");
  });

  test("the layout of transformers.js is written too, and says which formats it has", async () => {
    const place = join(folder, "transformers-js");
    const layout = ["--layout", "transformers.js"];
    expect((await capture(["convert", "nano", place, ...layout])).status).toBe(0);
    expect(await readdir(join(place, "onnx"))).toContain("decoder_model_merged_quantized.onnx");
    const refused = await capture(["convert", "nano", `${place}-2`, ...layout, "--dtype", "int8"]);
    expect(refused.stderr).toContain("expected fp32, q8 or q4 in the layout of transformers.js");
    const unchecked = await capture(["convert", "nano", `${place}-3`, ...layout, "--check"]);
    expect(unchecked.stderr).toContain("check: expected the layout smolvlm, found transformers.js");
  });
});

describe("cache", () => {
  test("what was converted is listed and removed", async () => {
    vi.stubEnv("SMOLVLM_CACHE", join(folder, "cache"));
    vi.stubEnv("HF_HUB_CACHE", join(folder, "hub"));
    expect((await capture(["cache", "ls"])).stdout).toBe("The cache is empty.\n");
    await capture(["describe", nanoExamples.scene, "--dtype", "vision=int8,text=q8"]);
    await mkdir(join(folder, "hub", "models--org--name"), { recursive: true });
    await writeFile(join(folder, "hub", "models--org--name", "blob"), new Uint8Array(1000));
    await writeFile(join(folder, "cache", "x.incomplete"), new Uint8Array(2000));
    const { stdout } = await capture(["cache", "ls"]);
    expect(stdout).toMatch(/vision int8 for cpu/);
    expect(stdout).toMatch(/language q8 for cpu/);
    expect(stdout.match(/converted/g)).toHaveLength(2);
    expect(stdout).toMatch(/1 kB\s+download\s+org\/name/);
    expect(stdout).toMatch(/2 kB\s+leftover\s+x\.incomplete/);
    expect((await capture(["cache", "rm", "org/other", "--yes"])).stderr).toContain("`smolvlm cache ls` lists");
    expect((await capture(["cache", "rm"])).status).toBe(1);
    expect((await capture(["cache", "rm", "--all", "--yes"])).stdout).toMatch(/^Removed \d/);
    expect(JSON.parse((await capture(["cache", "size", "--json"])).stdout)).toMatchObject({
      download: 1000,
      converted: 0,
    });
    expect((await capture(["cache", "rm", "org/name", "--yes"])).stdout).toContain("unless --downloads is given");
    await capture(["cache", "rm", "org/name", "--yes", "--downloads"]);
    expect((await capture(["cache", "ls"])).stdout).toBe("The cache is empty.\n");
  });
});
