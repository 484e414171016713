/** The script of the test page: what a browser test calls. */
import { fetchModelFiles, loadSmolVLM, type Conversation, type LoadOptions } from "../index.js";
import { generateOften, loadOften } from "./repeat.js";

/** Conversations for the model at these addresses; media are addresses too. */
export interface AnswerRequest {
  readonly files: Readonly<Record<string, string>>;
  readonly options: LoadOptions;
  readonly conversations: readonly Conversation[];
}

/** What a runtime gives for a conversation. */
export interface GivenAnswer {
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** Scores of the first new token. */
  readonly lastLogits: readonly number[];
}

/** Answers conversations one after the other. */
async function answer({ files, options, conversations }: AnswerRequest): Promise<readonly GivenAnswer[]> {
  await using model = await loadSmolVLM(await fetchModelFiles(files), options);
  const given: GivenAnswer[] = [];
  for (const conversation of conversations) {
    const { answers, promptLogits } = await model.generateBatch({ conversations: [conversation], maxNewTokens: 64 });
    const [only] = answers;
    given.push({ text: only?.text ?? "", tokenIds: [...(only?.tokenIds ?? [])], lastLogits: [...promptLogits.data] });
  }
  return given;
}

Object.assign(globalThis, { smolvlmTest: { answer, generateOften, loadOften } });
