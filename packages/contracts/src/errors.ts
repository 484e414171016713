const marker = Symbol.for("smolvlm.error");

/**
 * Base of every error these packages throw on purpose. Its message is one line that says what is wrong and what to do.
 * `isInstance` recognises errors across two installed copies of a package, where `instanceof` fails.
 */
export class SmolVLMError extends Error {
  /** The class's name, written out because bundlers rename classes. */
  static readonly errorName: string = "SmolVLMError";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    const names: string[] = [];
    for (let type = new.target as { errorName?: string }; type?.errorName; type = Object.getPrototypeOf(type)) {
      names.push(type.errorName);
    }
    this.name = names[0] ?? "SmolVLMError";
    Object.defineProperty(this, marker, { value: names, enumerable: false });
  }

  /** Whether `value` is an error of the class this is called on. */
  static isInstance<T>(this: { readonly errorName: string; new (...args: never[]): T }, value: unknown): value is T {
    if (typeof value !== "object" || value === null) return false;
    const names = (value as { [marker]?: readonly string[] })[marker];
    return names?.includes(this.errorName) ?? false;
  }
}

/** A caller's argument has the wrong type, shape or range. */
export class InvalidArgumentError extends SmolVLMError {
  static override readonly errorName: string = "InvalidArgumentError";
  /** Name of the argument or option, with its path, such as `videoSampling.fps`. */
  readonly argument: string;
  readonly expected: string;
  readonly found: string;

  constructor(init: { argument: string; expected: string; found: string }, options?: ErrorOptions) {
    super(`${init.argument}: expected ${init.expected}, found ${init.found}.`, options);
    this.argument = init.argument;
    this.expected = init.expected;
    this.found = init.found;
  }
}

/** A file of a checkpoint is missing, damaged, or not what it claims to be. */
export class ModelFileError extends SmolVLMError {
  static override readonly errorName: string = "ModelFileError";
  /** The file, as the checkpoint names it. */
  readonly file: string;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${problem}`, options);
    this.file = file;
  }
}

/** A field of a checkpoint's JSON file is missing or wrong. */
export class ConfigError extends ModelFileError {
  static override readonly errorName: string = "ConfigError";
  /** Path of the field, such as `text_config.hidden_size`. */
  readonly field: string;
  readonly expected: string;
  readonly found: string;

  constructor(init: { file: string; field: string; expected: string; found: string }, options?: ErrorOptions) {
    super(init.file, `${init.field}: expected ${init.expected}, found ${init.found}.`, options);
    this.field = init.field;
    this.expected = init.expected;
    this.found = init.found;
  }
}

/** A picture or video is missing, damaged, of an unknown kind, or over a limit. */
export class MediaError extends SmolVLMError {
  static override readonly errorName: string = "MediaError";
  /** What was to be read: a path, a URL, or a description such as `bytes`. */
  readonly media: string;

  constructor(media: string, problem: string, options?: ErrorOptions) {
    super(`${media}: ${problem}`, options);
    this.media = media;
  }
}

/** The execution backend refused a graph, failed while running it, or is not available here. */
export class BackendError extends SmolVLMError {
  static override readonly errorName: string = "BackendError";
  readonly backend: string;

  constructor(backend: string, problem: string, options?: ErrorOptions) {
    super(`${backend}: ${problem}`, options);
    this.backend = backend;
  }
}

/** Something was used after it was disposed. */
export class DisposedError extends SmolVLMError {
  static override readonly errorName: string = "DisposedError";
  constructor(what: string) {
    super(`${what} was disposed and cannot be used any more; create a new one.`);
  }
}
