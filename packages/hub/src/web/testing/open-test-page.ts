import { fileURLToPath } from "node:url";
import { openBrowserPage, type BrowserPage } from "@smolvlm/tooling/browser-page";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Opens the test page, whose store has its worker beside it. */
export function openTestPage(): Promise<BrowserPage> {
  return openBrowserPage({ entries: { page: at("page.ts"), "file-worker": at("../file-worker.ts") } });
}
