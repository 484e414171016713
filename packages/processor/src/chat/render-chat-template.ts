import { InvalidArgumentError } from "@smolvlm/contracts";
import { ChatTemplateError } from "../errors.js";
import type { ChatTemplate } from "./chat-template.js";
import type { TemplateMessage } from "./normalize-conversations.js";

/** Options of rendering. */
export interface RenderOptions {
  /** Whether the prompt ends with the header of the assistant's answer. */
  readonly addGenerationPrompt?: boolean | undefined;
  /** Whether the prompt ends inside the last message, so that the model goes on with it. */
  readonly continueFinalMessage?: boolean | undefined;
  /** Further variables of the template. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** Stands at the end of the message to continue while it is rendered; the same as the reference's. */
const CONTINUE_TAG = "CONTINUE_FINAL_MESSAGE_TAG ";

/**
 * The text of a conversation.
 *
 * @throws ChatTemplateError when the template fails on these messages, InvalidArgumentError when the options contradict each other.
 */
export function renderChatTemplate(
  template: ChatTemplate,
  messages: readonly TemplateMessage[],
  options: RenderOptions,
): string {
  const goOn = options.continueFinalMessage === true;
  if (goOn && options.addGenerationPrompt === true) {
    throw new InvalidArgumentError({
      argument: "continueFinalMessage",
      expected: "not with addGenerationPrompt",
      found: "both true",
    });
  }
  const tagged = goOn ? withTag(messages) : messages;
  const text = template.render({
    ...options.variables,
    messages: template.knowsParts ? tagged : tagged.map(asPlainString),
    add_generation_prompt: options.addGenerationPrompt ?? false,
  });
  if (!goOn) return text;
  const at = text.lastIndexOf(CONTINUE_TAG.trim());
  if (at < 0) throw new ChatTemplateError("it leaves out the final message, which therefore cannot be continued.");
  const kept = text.slice(0, at);
  // A template that trims messages takes the tag's space, and with it the message's own.
  return text.startsWith(CONTINUE_TAG, at) ? kept : kept.trimEnd();
}

function asPlainString(message: TemplateMessage): object {
  if (message.content.some((part) => part.type !== "text")) return message;
  return { ...message, content: message.content.map((part) => part["text"]).join("") };
}

function withTag(messages: readonly TemplateMessage[]): readonly TemplateMessage[] {
  const final = messages.at(-1);
  const index = final?.content.findLastIndex((part) => part.type === "text") ?? -1;
  if (final === undefined || index < 0) {
    throw new InvalidArgumentError({
      argument: "continueFinalMessage",
      expected: "text in the final message",
      found: "none",
    });
  }
  const content = final.content.map((part, i) =>
    i === index ? { ...part, text: `${String(part["text"])}${CONTINUE_TAG}` } : part,
  );
  return [...messages.slice(0, -1), { ...final, content }];
}
