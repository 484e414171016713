import type { Answer } from "./answer.js";

/** An answer while it is made. Text and result may both be used, or either alone. */
export class AnswerStream {
  /** The whole answer, when it is complete. */
  readonly result: Promise<Answer>;
  /** The text in pieces as they come; never half a character. It can be read once. */
  readonly textStream: ReadableStream<string> & AsyncIterable<string>;

  /** @internal */
  constructor(run: (onText: (text: string) => void) => Promise<Answer>) {
    let controller: ReadableStreamDefaultController<string> | undefined;
    const stream = new ReadableStream<string>({
      start: (created) => {
        controller = created;
      },
      // A reader that leaves early wants no more text; the result is still made.
      cancel: () => {
        controller = undefined;
      },
    });
    this.textStream = stream as ReadableStream<string> & AsyncIterable<string>;
    this.result = run((text) => {
      if (text !== "") controller?.enqueue(text);
    });
    this.result.then(
      () => controller?.close(),
      (error: unknown) => controller?.error(error),
    );
  }
}
