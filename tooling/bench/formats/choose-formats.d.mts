/** The format of each part. */
export interface Combination {
  readonly vision: string;
  readonly text: string;
  readonly head: string;
}

/** Milliseconds by format; see the module. */
export interface Times {
  readonly base: string;
  readonly vision: Readonly<Record<string, number>>;
  readonly prefill: Readonly<Record<string, number>>;
  readonly text: Readonly<Record<string, number>>;
  readonly head: Readonly<Record<string, number>>;
}

/** What was measured on one machine; see the module. */
export interface Measured {
  readonly times: Times;
  readonly logits: Readonly<Record<string, Readonly<Record<keyof Combination, number>>>>;
  readonly answers: Readonly<Record<string, number>>;
}

/** Weights of each part, as `inspectModel` counts them. */
export interface Parameters {
  readonly vision: number;
  readonly connector: number;
  readonly text: number;
  readonly embedding: number;
}

export const EQUAL_ANSWERS: number;
export function nameOf(combination: Combination): string;
export function chooseFormats(
  device: "cpu" | "wasm",
  machines: readonly Measured[],
  parameters: Parameters,
): { readonly chosen: Combination } | { readonly unknown: Combination };
