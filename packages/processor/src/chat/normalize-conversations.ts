import { InvalidArgumentError } from "@smolvlm/contracts";
import type { ImageSource } from "@smolvlm/image-processor";
import { imageFromBase64 } from "../media/image-from-base64.js";
import type { ChatMessage, Conversation, VideoSource } from "./conversation.js";

/** A part as the template sees it: its type, and nothing of a medium but that it is there. */
export type TemplatePart = Readonly<Record<string, unknown>> & { readonly type: "text" | "image" | "video" };

/** A message as the template sees it. */
export interface TemplateMessage {
  readonly role: string;
  readonly content: readonly TemplatePart[];
  readonly [field: string]: unknown;
}

/** A picture or video of a conversation; `source` is undefined where the part names none. */
export interface ConversationMedium<T> {
  /** Where it stands, for messages: `conversations[0][1].content[2]`. */
  readonly at: string;
  readonly source: T | undefined;
}

/** A conversation in one form: every content is parts, and the media are collected in reading order. */
export interface NormalizedConversation {
  readonly messages: readonly TemplateMessage[];
  readonly images: readonly ConversationMedium<ImageSource>[];
  readonly videos: readonly ConversationMedium<VideoSource>[];
}

function fail(argument: string, expected: string, found: unknown): never {
  throw new InvalidArgumentError({
    argument,
    expected,
    found:
      found === null
        ? "null"
        : Array.isArray(found)
          ? `an array of ${found.length}`
          : typeof found === "string"
            ? JSON.stringify(found)
            : typeof found,
  });
}

/** Whether this is a list of conversations rather than one. */
export function isBatch(
  conversations: Conversation | readonly Conversation[],
): conversations is readonly Conversation[] {
  return Array.isArray(conversations) && Array.isArray(conversations[0]);
}

/**
 * Conversations in one form.
 *
 * @throws InvalidArgumentError naming the part that is malformed.
 */
export function normalizeConversations(conversations: readonly Conversation[]): readonly NormalizedConversation[] {
  if (!Array.isArray(conversations) || conversations.length === 0) {
    fail("conversations", "a conversation, or a list of at least one", conversations);
  }
  return conversations.map((conversation, c) => {
    const at = `conversations[${c}]`;
    if (!Array.isArray(conversation) || conversation.length === 0)
      fail(at, "a list of at least one message", conversation);
    const images: ConversationMedium<ImageSource>[] = [];
    const videos: ConversationMedium<VideoSource>[] = [];
    const messages = conversation.map((message: ChatMessage, m) =>
      normalizeMessage(message, `${at}[${m}]`, images, videos),
    );
    return { messages, images, videos };
  });
}

function normalizeMessage(
  message: ChatMessage,
  at: string,
  images: ConversationMedium<ImageSource>[],
  videos: ConversationMedium<VideoSource>[],
): TemplateMessage {
  if (typeof message !== "object" || message === null) fail(at, "a message with role and content", message);
  if (typeof message.role !== "string") fail(`${at}.role`, "a string", message.role);
  const given: unknown =
    typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
  if (!Array.isArray(given) || given.length === 0)
    fail(`${at}.content`, "a string, or a list of at least one part", given);
  const content = (given as readonly unknown[]).map((part, p) =>
    normalizePart(part, `${at}.content[${p}]`, images, videos),
  );
  return { ...message, content };
}

function normalizePart(
  given: unknown,
  at: string,
  images: ConversationMedium<ImageSource>[],
  videos: ConversationMedium<VideoSource>[],
): TemplatePart {
  if (typeof given !== "object" || given === null) fail(at, "a part such as { type, text }", given);
  const part = given as Readonly<Record<string, unknown>>;
  switch (part["type"]) {
    case "text":
      if (typeof part["text"] !== "string") fail(`${at}.text`, "a string", part["text"]);
      return { ...scalars(part), type: "text" };
    case "image_url": {
      const info = part["image_url"];
      const url = typeof info === "object" && info !== null ? (info as { url?: unknown }).url : info;
      if (typeof url !== "string") fail(`${at}.image_url`, "a string, or an object with url", url);
      images.push({ at, source: url as string });
      return { type: "image" };
    }
    case "image": {
      const base64 = firstPresent(part, ["image", "url", "path"]) === undefined ? part["base64"] : undefined;
      const source =
        typeof base64 === "string" ? imageFromBase64(base64, at) : firstPresent(part, ["image", "url", "path"]);
      images.push({ at, source: source as ImageSource | undefined });
      return { ...scalars(part), type: "image" };
    }
    case "video":
      videos.push({ at, source: firstPresent(part, ["video", "url", "path"]) });
      return { ...scalars(part), type: "video" };
    default:
      return fail(`${at}.type`, '"text", "image", "image_url" or "video"', part["type"]);
  }
}

function firstPresent(part: Readonly<Record<string, unknown>>, keys: readonly string[]): unknown {
  return keys.map((key) => part[key]).find((value) => value !== undefined && value !== null);
}

/** Fields the template engine can take cheaply; of anything larger, only that it is there. */
function scalars(part: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [key, typeof value === "object" && value !== null ? true : value]),
  );
}
