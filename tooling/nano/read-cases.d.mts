/** A question about a scene, with what was right and what the reference answered. */
export interface EvaluationCase {
  readonly id: string;
  readonly task: string;
  /** In the Hugging Face form. */
  readonly conversation: readonly unknown[];
  readonly expected: string;
  readonly referenceAnswer: string;
  readonly referenceTokenIds: readonly number[];
}

/** The test scenes of the bundled model: pictures and clips it was never trained on, one question each. */
export const EVALUATION: string;

/** The cases that `evaluate.py` wrote to a folder, with the media's paths as they are on this machine. */
export function readCases(folder?: string): Promise<readonly EvaluationCase[]>;
