import { fetchModelFiles, loadSmolVLM, type Conversation, type LoadOptions, type SmolVLM } from "../index.js";

/** What to do over and over. */
export interface RepeatRequest {
  readonly files: Readonly<Record<string, string>>;
  readonly options: LoadOptions;
  readonly conversation: Conversation;
  readonly times: number;
}

/** Bytes of the page and its workers after a garbage collection, WebAssembly's memory included, while the model is alive. */
export interface Memory {
  readonly before: number;
  readonly after: number;
}

const WARM_UPS = 20;

/** Answers with one model, and measures before and after; the page has to be cross-origin isolated. */
export async function generateOften(request: RepeatRequest): Promise<Memory> {
  await using model = await load(request);
  for (let i = 0; i < WARM_UPS; i++) await answer(model, request);
  const before = await bytesInUse();
  for (let i = 0; i < request.times; i++) await answer(model, request);
  return { before, after: await bytesInUse() };
}

/** Loads, answers and disposes. */
export async function loadOften(request: RepeatRequest): Promise<void> {
  for (let i = 0; i < request.times; i++) {
    await using model = await load(request);
    await answer(model, request);
  }
}

async function load({ files, options }: RepeatRequest): Promise<SmolVLM> {
  return loadSmolVLM(await fetchModelFiles(files), options);
}

async function answer(model: SmolVLM, { conversation }: RepeatRequest): Promise<void> {
  await model.generateBatch({ conversations: [conversation], maxNewTokens: 4 });
}

async function bytesInUse(): Promise<number> {
  const chromium = performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }> };
  return (await chromium.measureUserAgentSpecificMemory()).bytes;
}
