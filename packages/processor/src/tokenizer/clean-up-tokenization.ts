/** The reference's `clean_up_tokenization`: undoes the spaces that word-level tokenizers put before punctuation and contractions. */
export function cleanUpTokenization(text: string): string {
  return text
    .replace(/ ([.?!,])/g, "$1")
    .replace(/ ' /g, "'")
    .replace(/ (n't|'m|'s|'ve|'re)/g, "$1");
}
