import { shownAsPicture, type Attachment } from "../state/attachments.js";

/** A picture or clip as it was given. */
export function Media({ attachment }: { readonly attachment: Attachment }) {
  const { url, name } = attachment;
  if (shownAsPicture(attachment)) return <img class="media" src={url} alt={name} />;
  return <video class="media" src={url} aria-label={name} controls muted playsInline preload="metadata"></video>;
}
