import { readFileSync } from "node:fs";
import { nanoExamples, nanoModelPath } from "@smolvlm/nano";
import { launchChromium } from "@smolvlm/tooling/chromium";
import { isolation, serveFolder, type StaticSite } from "@smolvlm/tooling/static-site";
import type { Browser } from "playwright-core";
import { loadSmolVLM } from "smolvlm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtDemo, Demo } from "./testing/demo.js";

const SCENE = "A red heart, a yellow star, a blue circle and a green triangle.";

let browser: Browser;
let site: StaticSite;
beforeAll(async () => {
  browser = await launchChromium(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]);
  site = await serveFolder(builtDemo);
});
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

describe("a page that is not isolated, on a machine without WebGPU", () => {
  let demo: Demo;
  beforeAll(async () => {
    // Without its service worker, which would isolate it.
    demo = await Demo.open(browser, site.origin, { serviceWorkers: "block" });
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  test("loads by itself, says where it runs and why not better", async () => {
    const facts = await demo.ready();
    expect(facts).toContain("processor, 1 thread");
    expect(facts).toMatch(/Weights\s*\d+(\.\d)? MB/);
    await demo.shoot("empty");
    await demo.page.getByText("Why?").click();
    expect(await demo.page.locator(".why").textContent()).toMatch(
      /Why not the graphics card: .*WebGPU.*Why one thread:/i,
    );
    await demo.page.getByText("Why?").click();
    expect(await demo.overflows()).toBe(false);
  });

  test("a picture is looked at once where that is chosen, and the choice is kept", async () => {
    await demo.attach("scene");
    const detail = demo.page.getByLabel("Detail");
    await detail.selectOption("fast");
    await demo.shoot("detail");
    await demo.ask("What is in this image?");
    await demo.answer();
    await demo.page.getByText("What the model saw: 1 view").click();
    expect(await demo.page.locator(".seen figure").allTextContents()).toEqual(["The whole picture"]);
    await demo.page.reload();
    await demo.ready();
    await demo.attach("scene");
    expect(await detail.inputValue()).toBe("fast");
    await detail.selectOption("full");
    await demo.press(/^Remove/);
    expect(await detail.count()).toBe(0);
  });

  test("a picture is answered, and shown as the model saw it", async () => {
    await demo.attach("scene");
    await demo.shoot("attached");
    await demo.ask("What is in this image?");
    expect(await demo.answer()).toBe(SCENE);
    await demo.page.getByText("What the model saw: 5 views").click();
    const seen = demo.page.locator(".seen figure");
    expect(await seen.allTextContents()).toEqual([
      "Row 1, column 1",
      "Row 1, column 2",
      "Row 2, column 1",
      "Row 2, column 2",
      "The whole picture",
    ]);
    expect(await demo.page.locator(".stats").textContent()).toMatch(/^17 tokens · \d+ tokens\/s · first after/);
    await demo.shoot("picture");
    expect(await demo.overflows()).toBe(false);
  });

  test("a second question is about the same picture, and may be asked again", async () => {
    // Right or wrong, the answer is the one that the same conversation has in Node.
    await using model = await loadSmolVLM(nanoModelPath);
    await using session = model.createSession();
    await session.ask([
      { type: "image", image: nanoExamples.scene },
      { type: "text", text: "What is in this image?" },
    ]);
    const { text } = await session.ask("Where is the yellow star?");
    await demo.ask("Where is the yellow star?");
    expect(await demo.answer()).toBe(text.trim());
    await demo.press("Try again");
    expect(await demo.answer()).toBe(text.trim());
    expect(await demo.page.locator(".turn").count()).toBe(2);
    await demo.shoot("second-question");
  });

  test("an answer stops, and what is on the page stays", async () => {
    await demo.press("New conversation");
    const many = Array.from({ length: 8 }, () => "scene" as const);
    await demo.attach(...many);
    await demo.ask("What is in the second image?");
    await demo.press("Stop");
    await demo.page.locator('.turn:last-child [data-state="stopped"]').waitFor();
    await demo.shoot("stopped");
    await demo.press("New conversation");
  });

  test("two pictures are told apart", async () => {
    await demo.press(/Two scenes/);
    expect(await demo.answer()).toBe("The second image.");
    await demo.shoot("two-pictures");
    await demo.press("New conversation");
  });

  test("a clip is answered, with the moments that were looked at", async () => {
    await demo.press(/A short clip/);
    expect(await demo.answer()).toBe("The red circle moves to the right.");
    await demo.page.getByText(/What the model saw: \d+ frames/).click();
    expect(await demo.page.locator(".seen figcaption").first().textContent()).toBe("0:00.0");
    await demo.shoot("clip");
    await demo.press("New conversation");
  });

  test("a file that is no picture is a sentence", async () => {
    const file = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("not a picture") };
    await demo.page.locator('form.composer input[type="file"]').setInputFiles(file);
    expect(await demo.page.getByRole("alert").locator("p").textContent()).toContain("could not be read as a picture");
    await demo.shoot("error-file");
    await demo.press("Dismiss");
  });

  test("a pasted picture is taken", async () => {
    await demo.page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([bytes], "", { type: "image/png" }));
      document.querySelector(".page")?.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
    }, readFileSync(nanoExamples.sign).toString("base64"));
    await demo.press(/Remove pasted picture/);
    expect(await demo.page.locator(".attached li").count()).toBe(0);
  });

  test("the camera gives pictures and live captions, and an unchanged scene costs nothing", async () => {
    await demo.press("Use the camera");
    await demo.page.getByRole("button", { name: "Take a picture" }).click();
    await demo.page.locator(".attached li").waitFor();
    await demo.press(/Remove/);
    await demo.press("Use the camera");
    // A scene that stands still: one frame of the fake camera, again and again.
    await demo.page.evaluate(() => {
      const video = document.querySelector<HTMLVideoElement>(".camera video");
      return new Promise<void>((resolve) => {
        if (video && video.videoWidth > 0) resolve();
        else video?.addEventListener("loadeddata", () => resolve(), { once: true });
      });
    });
    await demo.page.evaluate(() => document.querySelector<HTMLVideoElement>(".camera video")?.pause());
    await demo.page.getByLabel("Live captions").check();
    await demo.page.getByText("The scene has not changed.").waitFor();
    const caption = demo.page.locator(".caption");
    expect(await caption.getAttribute("data-count")).toBe("1");
    expect(await caption.textContent()).not.toBe("");
    await demo.shoot("camera");
    // The scene goes on: the newest frame is captioned.
    await demo.page.evaluate(() => document.querySelector<HTMLVideoElement>(".camera video")?.play());
    await demo.page.locator('.caption:not([data-count="1"])').waitFor();
    await demo.press("Close the camera");
    expect(await demo.page.locator(".camera").count()).toBe(0);
  });

  test("it speaks Korean, and remembers", async () => {
    await demo.page.getByLabel("Language").selectOption("ko");
    expect(await demo.page.evaluate("document.documentElement.lang")).toBe("ko");
    await demo.page.getByRole("heading", { name: "무엇이든 보여 주세요" }).waitFor();
    await demo.shoot("korean");
    await demo.press(/모델: nano/);
    await demo.page.getByLabel(/Hugging Face Hub/).check();
    await demo.page.locator(".stored-name").getByText("변환된 가중치(내장 모델 또는 폴더)").waitFor();
    await demo.shoot("korean-model");
    expect(await demo.overflows()).toBe(false);
    await demo.page.keyboard.press("Escape");
    await demo.page.getByLabel("언어").selectOption("en");
  });

  test("everything is reached with the keyboard, in the order of the page", async () => {
    await demo.page.locator(".skip").focus();
    const reached: string[] = [];
    for (let step = 0; step < 10; step++) {
      if (step > 0) await demo.page.keyboard.press("Tab");
      reached.push(
        await demo.page.evaluate(() => {
          const { activeElement: at } = document;
          return at?.getAttribute("aria-label") ?? at?.textContent?.slice(0, 14) ?? "";
        }),
      );
    }
    expect(reached).toEqual([
      "Skip to the qu",
      "Model: nano",
      "Appearance",
      "Language",
      "A drawn sceneW",
      "A printed word",
      "Two scenesWhic",
      "A short clipWh",
      "Why?",
      "Add a picture or clip",
    ]);
  });

  test("what a model writes cannot become the page's own HTML", async () => {
    await demo.ask('<img src=x onerror="document.title=1"> **hello**');
    await demo.answer();
    expect(await demo.page.locator(".turn .bubble img").count()).toBe(0);
    expect(await demo.page.title()).toBe("SmolVLM");
  });

  test("nothing failed behind the scenes", () => {
    expect(demo.complaints).toEqual([]);
  });
});

test("an isolated page has threads, and the same answer", async () => {
  await using isolated = await serveFolder(builtDemo, { headers: isolation });
  await using demo = await Demo.open(browser, isolated.origin, { serviceWorkers: "block" });
  const threads = await demo.page.evaluate("Math.min(4, navigator.hardwareConcurrency)");
  expect(await demo.ready()).toContain(threads === 1 ? "processor, 1 thread" : `processor, ${threads} threads`);
  await demo.press(/A drawn scene/);
  expect(await demo.answer()).toBe(SCENE);
});

test("the page opens and answers without a network after the first visit", async () => {
  await using demo = await Demo.open(browser, site.origin);
  await demo.ready();
  await demo.page.context().setOffline(true);
  await demo.page.reload();
  await demo.ready();
  // The service worker isolates the page from the second visit on.
  expect(await demo.page.evaluate("crossOriginIsolated")).toBe(true);
  await demo.press(/A printed word/);
  expect(await demo.answer()).toBe('The sign says "HELLO".');
});
