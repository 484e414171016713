import { fileURLToPath } from "node:url";
import { openBrowserPage, type BrowserPage, type BrowserPageOptions } from "@smolvlm/tooling/browser-page";

/** Where the pictures beside the repository are. */
export const sharedData = new URL("../../../../../shared/data/", import.meta.url);

/** Opens the test page, with those pictures under `/data/`, the fixtures under `/fixtures/` and a camera that Chromium makes up. */
export function openTestPage(options: Omit<Partial<BrowserPageOptions>, "entries"> = {}): Promise<BrowserPage> {
  return openBrowserPage({
    entries: { page: fileURLToPath(new URL("page.ts", import.meta.url)) },
    folders: {
      "/data/": fileURLToPath(sharedData),
      "/fixtures/": fileURLToPath(new URL("../../../../fixtures/", import.meta.url)),
    },
    args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
    ...options,
  });
}
