import type { FeatureRows } from "./language-runner.js";
import type { PromptRow } from "./prompt-row.js";

/** What stands at one position of a prompt, as far as the text model can tell: a token, or a row of image features. */
export interface PromptPosition {
  readonly id: number;
  /** [hidden], where the position shows part of a frame. */
  readonly feature?: Float32Array | undefined;
}

/** What stands at a position of a row; features are views. */
export function positionOf(row: PromptRow, index: number, features: FeatureRows): PromptPosition {
  const id = row.ids[index] as number;
  const feature = row.features[index] as number;
  if (feature < 0 || !features) return { id };
  const hidden = features.dims.at(-1) as number;
  return { id, feature: features.data.subarray(feature * hidden, (feature + 1) * hidden) };
}

/** Whether the text model sees the same. Features are compared by value, so that it does not matter where they come from. */
export function isSamePosition(a: PromptPosition, b: PromptPosition): boolean {
  if (a.id !== b.id) return false;
  const [one, other] = [a.feature, b.feature];
  if (one === undefined || other === undefined) return one === other;
  const isSameMemory = one.buffer === other.buffer && one.byteOffset === other.byteOffset;
  return one.length === other.length && (isSameMemory || one.every((value, index) => value === other[index]));
}
