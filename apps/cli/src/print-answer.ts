import type { Answer, AnswerStream } from "smolvlm";
import type { ProgressBar } from "./progress-bar.js";

/**
 * Prints an answer on stdout while it comes and ends the line. The space that most answers begin with, which separates them from the
 * prompt's "Assistant:", is left out.
 */
export async function printAnswer(answer: AnswerStream, bar?: ProgressBar): Promise<Answer> {
  let begun = false;
  for await (const delta of answer.textStream) {
    const text = begun ? delta : delta.trimStart();
    if (text === "") continue;
    if (!begun) bar?.clear();
    begun = true;
    process.stdout.write(text);
  }
  process.stdout.write("\n");
  return await answer.result;
}
