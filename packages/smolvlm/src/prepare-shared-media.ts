import type { ModelInputs } from "@smolvlm/contracts";
import type { ContentPart, Conversation, ProcessingOptions, SmolVLMProcessor, VideoFrames } from "@smolvlm/processor";
import { framesOfMedia } from "./frames-of-media.js";

/** Model inputs in which one frame may stand in several places. */
export interface BatchInputs extends ModelInputs {
  readonly imageFrames: readonly number[];
  readonly videos: readonly (readonly VideoFrames[])[];
}

/**
 * Inputs of conversations of which several show the same picture or video: each is read once. Undefined where none does, so that there is
 * nothing to gain.
 */
export async function prepareSharedMedia(
  processor: SmolVLMProcessor,
  conversations: readonly Conversation[],
  options: ProcessingOptions,
): Promise<BatchInputs | undefined> {
  const parts = conversations.map(mediaOf);
  const all = parts.flat();
  const unique = new Map(all.map((part) => [identityOf(part), part]));
  if (unique.size === all.length) return undefined;
  const { media, ...pixels } = await processor.readMedia([{ role: "user", content: [...unique.values()] }], options);
  const places = [...unique.keys()];
  const placesOf = parts.map((list) => list.map((part) => places.indexOf(identityOf(part))));
  const own = placesOf.map((list) => list.map((place) => media[place]).filter((medium) => medium !== undefined));
  const { mediaOrder, ...ids } = await processor.encodeConversations(conversations, own, options);
  return {
    ...ids,
    ...pixels,
    imageFrames: mediaOrder.flatMap((order, c) =>
      framesOfMedia(
        media,
        order.map((index) => placesOf[c]?.[index] as number),
      ),
    ),
    videos: own.map((list) => list.flatMap(({ video }) => video ?? [])),
  };
}

function mediaOf(conversation: Conversation): readonly Exclude<ContentPart, { type: "text" }>[] {
  return conversation.flatMap(({ content }) =>
    // What is malformed is refused where it is read.
    Array.isArray(content) ? content.flatMap((part: ContentPart) => (part.type === "text" ? [] : [part])) : [],
  );
}

/** What two parts that show the same have in common: the same text as their source, or the same object. */
function identityOf(part: Exclude<ContentPart, { type: "text" }>): unknown {
  const sources = ["image", "video", "url", "path", "base64", "image_url"];
  for (const [name, value] of Object.entries(part).filter(([field]) => sources.includes(field))) {
    if (value === undefined || value === null) continue;
    if (typeof value === "string" || value instanceof URL) return `${part.type} ${name} ${String(value)}`;
    return value as unknown;
  }
  return part;
}
