import { Template } from "@huggingface/jinja";
import type { ChatTemplate } from "./chat-template.js";
import { CAPITALIZE_VARIABLE, withPythonCapitalize } from "./jinja-capitalize.js";

/**
 * A chat template that the jinja engine renders; what the engine throws, it throws. It shares no module with what pages load at once, or
 * that would be split in two for its sake.
 *
 * @param capitalize Python's `str.capitalize`
 */
export function jinjaTemplate(source: string, capitalize: (text: unknown) => string): ChatTemplate {
  const jinja = new Template(source);
  jinja.parsed = withPythonCapitalize(jinja.parsed) as Template["parsed"];
  return {
    knowsParts: source.includes("type"),
    render: (variables) => jinja.render({ ...variables, [CAPITALIZE_VARIABLE]: capitalize }),
  };
}
