import { SmolVLMError } from "@smolvlm/contracts";

/** The placeholders in the texts and the pictures or videos given do not match, sample by sample. */
export class MediaCountError extends SmolVLMError {
  static override readonly errorName: string = "MediaCountError";
  readonly kind: "image" | "video";
  /** Placeholders in each text. */
  readonly inText: readonly number[];
  /** Pictures or videos given for each text. */
  readonly given: readonly number[];

  constructor(kind: "image" | "video", placeholder: string, inText: readonly number[], given: readonly number[]) {
    super(
      `The texts have [${inText.join(", ")}] ${placeholder} placeholders and [${given.join(", ")}] ${kind}s were given; ` +
        `give each text a list of as many ${kind}s as it has placeholders.`,
    );
    this.kind = kind;
    this.inText = inText;
    this.given = given;
  }
}

/** A text has placeholders for pictures, and no pictures or videos were given at all. */
export class MissingMediaError extends SmolVLMError {
  static override readonly errorName: string = "MissingMediaError";
  /** Placeholders in all texts together. */
  readonly placeholders: number;

  constructor(placeholder: string, placeholders: number) {
    super(
      `The text has ${placeholders} ${placeholder} placeholders but no images or videos were given; pass them as \`images\`.`,
    );
    this.placeholders = placeholders;
  }
}

/** Image tokens are missing from the ids, because truncation cut them off; the model could not place its image features. */
export class ImageTokenCountError extends SmolVLMError {
  static override readonly errorName: string = "ImageTokenCountError";
  /** Image tokens of each expanded text. */
  readonly inText: readonly number[];
  /** Image tokens left in the ids of each row. */
  readonly inIds: readonly number[];

  constructor(inText: readonly number[], inIds: readonly number[]) {
    super(
      `The texts have [${inText.join(", ")}] image tokens and the ids [${inIds.join(", ")}]; ` +
        "turn truncation off, raise `maxLength`, or use fewer or unsplit images.",
    );
    this.inText = inText;
    this.inIds = inIds;
  }
}

/** A chat template cannot be parsed, or fails on these messages. */
export class ChatTemplateError extends SmolVLMError {
  static override readonly errorName: string = "ChatTemplateError";

  constructor(problem: string, options?: ErrorOptions) {
    super(`chat template: ${problem}`, options);
  }
}
