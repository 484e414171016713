/** The letters of Unicode that have a title case of their own: neither ǆ nor Ǆ begins a word, but ǅ. */
const TITLE_CASED = "ǅǈǋǲᾈᾉᾊᾋᾌᾍᾎᾏᾘᾙᾚᾛᾜᾝᾞᾟᾨᾩᾪᾫᾬᾭᾮᾯᾼῌῼ";
const GEORGIAN = /[\u10d0-\u10ff]/;

function titleCase(letter: string): string {
  const lower = letter.toLowerCase();
  const own = [...TITLE_CASED].find((title) => title.toLowerCase() === lower);
  if (own !== undefined) return own;
  // Georgian has capitals only for words written in nothing else.
  if (GEORGIAN.test(letter)) return letter;
  const upper = letter.toUpperCase();
  // Title case is upper case, but where one character becomes several (ß) only the first of them is.
  return upper.length > letter.length ? upper.charAt(0) + upper.slice(1).toLowerCase() : upper;
}

/**
 * `str.capitalize` of Python: the first character in title case, all others in lower case. Only ŉ and nine Greek letters of more than one
 * mark, first in a role, come out otherwise.
 */
export function pythonCapitalize(text: unknown): string {
  const whole = String(text);
  const [first = ""] = whole;
  // All of it in lower case, because the last sigma of a word has a form of its own.
  return titleCase(first) + whole.toLowerCase().slice(first.toLowerCase().length);
}
