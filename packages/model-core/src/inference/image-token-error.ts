import { InvalidArgumentError } from "@smolvlm/contracts";

/** The `<image>` tokens of a batch and its frames do not belong together. */
export class ImageTokenError extends InvalidArgumentError {
  static override readonly errorName: string = "ImageTokenError";

  constructor(init: { expected: string; found: string }) {
    super({ argument: "inputIds", ...init });
  }
}
