/** The kinds of media a text has placeholders for. */
export type MediaKind = "image" | "video";

/** Placeholder strings by kind; a kind that is absent stays literal text. */
export type Placeholders = Readonly<Partial<Record<MediaKind, string | undefined>>>;

/** How often a placeholder stands in a text. */
export function countPlaceholders(text: string, placeholder: string): number {
  return text.split(placeholder).length - 1;
}

/** The kinds of the placeholders of a text, from left to right. */
export function placeholderKinds(text: string, placeholders: Placeholders): readonly MediaKind[] {
  return pieces(text, placeholders).flatMap((piece) => (typeof piece === "string" ? [] : [piece.kind]));
}

/** The text with each placeholder replaced, from left to right; `replacements` has one entry per placeholder, in that order. */
export function expandPlaceholders(text: string, placeholders: Placeholders, replacements: readonly string[]): string {
  let next = 0;
  return pieces(text, placeholders)
    .map((piece) => (typeof piece === "string" ? piece : (replacements[next++] ?? "")))
    .join("");
}

function pieces(text: string, placeholders: Placeholders): readonly (string | { readonly kind: MediaKind })[] {
  const found: (string | { readonly kind: MediaKind })[] = [];
  let rest = text;
  for (;;) {
    let at = -1;
    let kind: MediaKind | undefined;
    for (const candidate of ["image", "video"] as const) {
      const placeholder = placeholders[candidate];
      const index = placeholder === undefined ? -1 : rest.indexOf(placeholder);
      if (index >= 0 && (at < 0 || index < at)) [at, kind] = [index, candidate];
    }
    if (kind === undefined) return [...found, rest];
    found.push(rest.slice(0, at), { kind });
    rest = rest.slice(at + (placeholders[kind]?.length ?? 0));
  }
}
