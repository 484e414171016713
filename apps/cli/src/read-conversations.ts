import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ModelFileError } from "@smolvlm/contracts";
import type { Conversation } from "smolvlm";
import { isUrl } from "./is-url.js";

/** Conversations are a few kilobytes; pictures in base64 make them megabytes. */
const MAX_CONVERSATION_BYTES = 256 * 1024 * 1024;

/** Fields of a part that name a medium. */
const mediaFields = ["path", "url", "image", "video"];

/**
 * Reads a conversation in the Hugging Face form, or a list of them; relative media paths become relative to the file.
 * Both bare lists of messages and `{"messages": […]}` are taken.
 */
export async function readConversations(file: string): Promise<readonly Conversation[]> {
  let text: string;
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_CONVERSATION_BYTES) throw new RangeError(`${bytes.length} bytes are too many`);
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ModelFileError(file, `cannot be read (${cause instanceof Error ? cause.message : String(cause)}).`, {
      cause,
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ModelFileError(file, `is not JSON (${cause instanceof Error ? cause.message : String(cause)}).`, {
      cause,
    });
  }
  const list = messagesOf(json);
  const conversations = isListOfConversations(list) ? list.map(messagesOf) : [list];
  if (conversations.length === 0 || !conversations.every(Array.isArray)) {
    throw new ModelFileError(
      file,
      'expected a list of messages, such as [{"role": "user", "content": […]}], or a list of such lists.',
    );
  }
  // The processor checks every message and names what is wrong; here only media paths are touched.
  return conversations.map((messages) =>
    (messages as unknown[]).map((message) => withPaths(message, dirname(file))),
  ) as Conversation[];
}

function messagesOf(json: unknown): unknown {
  return typeof json === "object" && json !== null && "messages" in json ? json.messages : json;
}

function isListOfConversations(json: unknown): json is readonly unknown[] {
  return Array.isArray(json) && json.every((entry) => Array.isArray(messagesOf(entry)));
}

function withPaths(message: unknown, folder: string): unknown {
  if (typeof message !== "object" || message === null || !("content" in message) || !Array.isArray(message.content))
    return message;
  return { ...message, content: message.content.map((part: unknown) => withPath(part, folder)) };
}

function withPath(part: unknown, folder: string): unknown {
  if (typeof part !== "object" || part === null || !("type" in part) || part.type === "text") return part;
  return Object.fromEntries(
    Object.entries(part).map(([field, value]: [string, unknown]) =>
      mediaFields.includes(field) && typeof value === "string" && !isUrl(value)
        ? [field, resolve(folder, value)]
        : [field, value],
    ),
  );
}
