import { formatTimestamp } from "../lib/format.js";
import type { SeenLabel, SeenPicture } from "../lib/seen-pictures.js";
import { say } from "../state/settings.js";

/** What the model was given of a question's pictures and clips, as pictures. */
export function Seen({ seen }: { readonly seen: readonly SeenPicture[] }) {
  if (seen.length === 0) return null;
  const words = say.value;
  const frames = seen.some(({ label }) => label?.kind === "frame");
  return (
    <details class="seen">
      <summary>{frames ? words.sawFrames(seen.length) : words.sawTiles(seen.length)}</summary>
      <ol>
        {seen.map(({ url, label }, index) => (
          <li key={url}>
            <figure>
              <img src={url} alt={describe(label, index)} loading="lazy" width="112" height="112" />
              <figcaption>
                {label?.kind === "frame" ? formatTimestamp(label.seconds) : describe(label, index)}
              </figcaption>
            </figure>
          </li>
        ))}
      </ol>
    </details>
  );
}

function describe(label: SeenLabel | undefined, index: number): string {
  const words = say.value;
  if (!label) return words.view(index + 1);
  if (label.kind === "frame") return words.frameAt(formatTimestamp(label.seconds));
  return label.kind === "whole" ? words.wholePicture : words.tile(label.row, label.column);
}
