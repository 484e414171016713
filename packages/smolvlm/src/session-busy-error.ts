import { SmolVLMError } from "@smolvlm/contracts";

/** A chat session was asked for something while it was answering. */
export class SessionBusyError extends SmolVLMError {
  static override readonly errorName: string = "SessionBusyError";

  constructor() {
    super(
      "The session is still answering; wait for the result, or abort it with the signal of the call, and then go on.",
    );
  }
}
