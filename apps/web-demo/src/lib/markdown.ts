import DOMPurify from "dompurify";
import { marked } from "marked";

/** Answers have paragraphs, lists, tables and code; nothing that loads, runs or asks. */
const allowed = {
  ALLOWED_TAGS: [
    ..."p br hr em strong del code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td a".split(" "),
  ],
  ALLOWED_ATTR: ["href", "title", "start", "align"],
};

// What a model writes is not to be trusted with the page that shows it.
DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

/** Markdown as HTML that is safe to show. */
export function renderMarkdown(text: string): string {
  return DOMPurify.sanitize(marked.parse(text, { async: false, gfm: true, breaks: true }), allowed);
}
