import type { AddedToken } from "@smolvlm/config";

/** A stretch of a text: an added token with its id, or text between them. Neither is empty. */
export type Section = { readonly id: number } | { readonly text: string };

/** Word characters of the reference's regular expressions. */
const WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, "u");
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, "u");
const SPACE = /\p{White_Space}/u;

/** Cuts text at added tokens. */
export type AddedTokenSplitter = (text: string) => readonly Section[];

/**
 * Cuts text as the reference's `AddedVocabulary` does: the leftmost, then longest token first; tokens of normalised text only in what
 * the others left; `singleWord`, `lstrip` and `rstrip` respected.
 */
export function addedTokenSplitter(tokens: readonly AddedToken[]): AddedTokenSplitter {
  const first = matcher(tokens.filter((token) => !token.normalized));
  const second = matcher(tokens.filter((token) => token.normalized));
  return (text) => first(text).flatMap((section) => ("text" in section ? second(section.text) : [section]));
}

function matcher(tokens: readonly AddedToken[]): AddedTokenSplitter {
  const byContent = new Map(tokens.map((token) => [token.content, token]));
  if (byContent.size === 0) return (text) => (text === "" ? [] : [{ text }]);
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"),
    "g",
  );
  return (text) => {
    const sections: Section[] = [];
    let done = 0;
    for (const match of text.matchAll(pattern)) {
      const token = byContent.get(match[0]);
      if (token === undefined) continue;
      let start = match.index;
      let end = start + match[0].length;
      if (token.singleWord && (ENDS_WITH_WORD.test(text.slice(0, start)) || STARTS_WITH_WORD.test(text.slice(end))))
        continue;
      if (token.lstrip) while (start > done && SPACE.test(text.charAt(start - 1))) start--;
      if (token.rstrip) while (end < text.length && SPACE.test(text.charAt(end))) end++;
      if (start > done) sections.push({ text: text.slice(done, start) });
      sections.push({ id: token.id });
      // Not the larger of both: where a token matches inside white space that `rstrip` took, the reference gives the rest again.
      done = end;
    }
    if (done < text.length) sections.push({ text: text.slice(done) });
    return sections;
  };
}
