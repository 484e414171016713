import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nanoExamples } from "@smolvlm/nano";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** What `npm run build` makes, and what a static host would serve. */
export const builtDemo = fileURLToPath(new URL("../../dist", import.meta.url));
const screenshots = fileURLToPath(new URL("../../../../test-results/screenshots/", import.meta.url));

const sizes = { desktop: { width: 1200, height: 860 }, phone: { width: 360, height: 740 } } as const;
const schemes = ["light", "dark"] as const;

/** The demo in a page of its own, with its own stores. */
export class Demo implements AsyncDisposable {
  /** What the page's console had to say that is an error, and what nobody caught. */
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.on("pageerror", ({ message }) => this.complaints.push(message));
    page.on("console", (entry) => {
      if (entry.type() === "error") this.complaints.push(entry.text());
    });
  }

  /**
   * Opens the demo; the model that comes with it, or the one in its address, begins to load.
   *
   * @param prepare what is done to the page before that.
   */
  static async open(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Demo> {
    const context = await browser.newContext({ viewport: sizes.desktop, locale: "en-GB", ...options });
    const demo = new Demo(await context.newPage());
    // SwiftShader compiles each kernel for seconds.
    demo.page.setDefaultTimeout(90_000);
    await prepare?.(demo.page);
    await demo.page.goto(url);
    return demo;
  }

  /** Waits until a model is ready; what is told of where it runs. */
  async ready(): Promise<string> {
    const facts = this.page.locator(".facts");
    await facts.waitFor();
    return (await facts.textContent()) ?? "";
  }

  /** Presses the button with this name. */
  async press(name: string | RegExp): Promise<void> {
    await this.page.getByRole("button", { name }).click();
  }

  /** Writes a question and sends it with the keyboard. */
  async ask(question: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Your question" }).fill(question);
    await this.page.keyboard.press("Enter");
  }

  /** The newest answer, when it has come to this state. */
  async answer(state: "done" | "stopped" | "failed" = "done"): Promise<string> {
    const newest = this.page.locator(".turn:last-child .answered");
    await this.page.locator(`.turn:last-child [data-state="${state}"]`).waitFor();
    return (
      (await newest
        .locator(state === "failed" ? ".notice p" : ".markdown")
        .first()
        .textContent()) ?? ""
    ).trim();
  }

  /** Attaches example files as a person picks them. */
  async attach(...names: (keyof typeof nanoExamples)[]): Promise<void> {
    const before = await this.page.locator(".attached li").count();
    await this.page.locator('form.composer input[type="file"]').setInputFiles(names.map((name) => nanoExamples[name]));
    await this.page.locator(`.attached li:nth-child(${before + names.length})`).waitFor();
  }

  /** Keeps pictures of the page as it is, wide and narrow, light and dark, for people to look at. */
  async shoot(state: string): Promise<void> {
    for (const [size, viewport] of Object.entries(sizes)) {
      await this.page.setViewportSize(viewport);
      for (const colorScheme of schemes) {
        await this.page.emulateMedia({ colorScheme });
        const path = join(screenshots, `${state}-${size}-${colorScheme}.png`);
        mkdirSync(dirname(path), { recursive: true });
        await this.page.screenshot({ path });
      }
    }
    await this.page.setViewportSize(sizes.desktop);
    await this.page.emulateMedia({ colorScheme: "light" });
  }

  /** Whether something is wider than the page at a phone's width. */
  async overflows(): Promise<boolean> {
    await this.page.setViewportSize(sizes.phone);
    const wide = await this.page.evaluate(
      "document.documentElement.scrollWidth > document.documentElement.clientWidth",
    );
    await this.page.setViewportSize(sizes.desktop);
    return wide === true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}
