/** Whether a medium is named by a URL rather than by a path. */
export function isUrl(text: string): boolean {
  return /^(https?|data|file):/i.test(text);
}
