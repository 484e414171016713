import { ChatTemplateError } from "../errors.js";
import { DEFAULT_CHAT_TEMPLATE, PUBLISHED_CHAT_TEMPLATE } from "./default-chat-template.js";
import type { TemplateMessage } from "./normalize-conversations.js";
import { pythonCapitalize } from "./python-capitalize.js";

/** What a template is given; its own variables besides. */
export interface TemplateVariables {
  /** {@link TemplateMessage}s; for a template that does not know parts, with strings as their content. */
  readonly messages: readonly object[];
  readonly add_generation_prompt: boolean;
  readonly [name: string]: unknown;
}

/** A chat template that can be rendered. */
export interface ChatTemplate {
  /** Whether it looks at the types of parts; one that does not is given plain strings. */
  readonly knowsParts: boolean;
  render(variables: TemplateVariables): string;
}

/**
 * The template with this source. The two that all published checkpoints need are written out here, so that a page loads the jinja engine
 * (15 kB) only for a checkpoint with a template of its own.
 *
 * @throws ChatTemplateError when it is not jinja that the engine understands; `render` when it fails on the messages.
 */
export async function openChatTemplate(source: string): Promise<ChatTemplate> {
  const text = source.trimEnd();
  if (text === PUBLISHED_CHAT_TEMPLATE) return writtenOut("");
  if (text === DEFAULT_CHAT_TEMPLATE) return writtenOut("<video>");
  const { jinjaTemplate } = await import("./jinja-template.js");
  const template = explaining("cannot be parsed", "; correct the checkpoint's template or pass `chatTemplate`", () =>
    jinjaTemplate(source, pythonCapitalize),
  );
  const render: ChatTemplate["render"] = (variables) =>
    explaining("fails on these messages", "", () => template.render(variables));
  return { ...template, render };
}

/** What `work` gives; what it throws becomes a ChatTemplateError. */
function explaining<T>(what: string, advice: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.replace(/\s+/g, " ") : String(cause);
    throw new ChatTemplateError(`it ${what} (${problem})${advice}.`, { cause });
  }
}

/** @param video what stands for a video */
function writtenOut(video: string): ChatTemplate {
  const render: ChatTemplate["render"] = ({ messages, add_generation_prompt }) => {
    const turns = (messages as readonly TemplateMessage[]).map(({ role, content }) => {
      const parts = content.map(({ type, text }) => (type === "text" ? text : type === "image" ? "<image>" : video));
      const colon = content[0]?.type === "image" ? ":" : ": ";
      return `${pythonCapitalize(role)}${colon}${parts.join("")}<end_of_utterance>\n`;
    });
    return `<|im_start|>${turns.join("")}${add_generation_prompt ? "Assistant:" : ""}`;
  };
  return { knowsParts: true, render };
}
