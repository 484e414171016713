/** `str.capitalize` of Python: the first character in title case, all others in lower case. */
export function pythonCapitalize(text: unknown): string {
  const [first = "", ...rest] = String(text);
  const upper = first.toUpperCase();
  // Title case is upper case, but where one character becomes several (ß) only the first of them is.
  const title = upper.length > first.length ? upper.charAt(0) + upper.slice(1).toLowerCase() : upper;
  return title + rest.join("").toLowerCase();
}
