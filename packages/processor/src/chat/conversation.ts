import type { ImageSource } from "@smolvlm/image-processor";

/** Text of a message. */
export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

/** A picture of a message, in any of the forms of Hugging Face conversations; the first field present counts, in this order. */
export interface ImagePart {
  readonly type: "image";
  readonly image?: ImageSource | null | undefined;
  readonly url?: string | URL | null | undefined;
  readonly path?: string | null | undefined;
  /** The bytes of a file in base64, or a `data:` URL. */
  readonly base64?: string | null | undefined;
}

/** A picture of a message in OpenAI's form, which is read as `{ type: "image", url }`. */
export interface ImageUrlPart {
  readonly type: "image_url";
  readonly image_url: string | { readonly url: string };
}

/** What a video may be given as; which of these are taken is up to the function that prepares videos. */
export type VideoSource = unknown;

/** A video of a message. */
export interface VideoPart {
  readonly type: "video";
  readonly video?: VideoSource;
  readonly url?: string | URL | null | undefined;
  readonly path?: string | null | undefined;
}

/** One part of a message's content. */
export type ContentPart = TextPart | ImagePart | ImageUrlPart | VideoPart;

/** One message. Other fields are handed to the chat template as they are. */
export interface ChatMessage {
  /** `system`, `user` or `assistant`; the template writes it with a capital. */
  readonly role: string;
  /** Parts, or a plain string, which counts as one text part (the reference drops it without a word). */
  readonly content: string | readonly ContentPart[];
}

/** Messages from first to last. */
export type Conversation = readonly ChatMessage[];
