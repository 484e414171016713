import { computed, signal } from "@preact/signals";
import {
  DeviceLostError,
  type Answer,
  type ChatMessage,
  type ChatSession,
  type ChatSessionOptions,
  type ContentPart,
  type SmolVLM,
} from "smolvlm";
import { isAbort, problemOf, type Problem } from "../lib/problem.js";
import { frameUrl, seenLabels, type SeenLabel, type SeenPicture } from "../lib/seen-pictures.js";
import { attachments, type Attachment } from "./attachments.js";
import { readyModel } from "./model.js";
import { detail, type Detail } from "./settings.js";

/** What a detail means for the pictures. */
const imageOptions = { full: {}, fast: { doImageSplitting: false } } as const satisfies Record<
  Detail,
  ChatSessionOptions["imageOptions"]
>;
/** How long an answer may get. */
const MAX_NEW_TOKENS = 512;

/** A question and what becomes of it. */
export interface Turn {
  readonly id: number;
  readonly question: string;
  readonly attachments: readonly Attachment[];
  readonly text: string;
  readonly state: "looking" | "writing" | "done" | "stopped" | "failed";
  /** Frames looked at, while that is done. */
  readonly frames?: { readonly done: number; readonly all: number } | undefined;
  readonly seen: readonly SeenPicture[];
  readonly answer?: Answer | undefined;
  readonly problem?: Problem | undefined;
}

/** The conversation. */
export const turns = signal<readonly Turn[]>([]);
/** Whether an answer is being made. */
export const answering = computed(() => turns.value.some(({ state }) => state === "looking" || state === "writing"));
/** The model whose GPU the browser has taken away. */
export const lostModel = signal<SmolVLM | undefined>(undefined);
/** New tokens a second of the last answer. */
export const lastSpeed = computed(() => turns.value.findLast(({ answer }) => answer)?.answer?.timings.tokensPerSecond);

let lastId = 0;
let current: AbortController | undefined;
let remembering: { readonly model: SmolVLM; readonly detail: Detail; readonly session: ChatSession } | undefined;

/** Asks about what is attached, or goes on about what was shown before. */
export async function ask(question: string): Promise<void> {
  const model = readyModel.value;
  if (!model || answering.value) return;
  const turn: Turn = { id: ++lastId, question, attachments: attachments.value, text: "", state: "looking", seen: [] };
  attachments.value = [];
  turns.value = [...turns.value, turn];
  await answer(model, turn);
}

/** Answers the last question again. */
export async function retry(): Promise<void> {
  const model = readyModel.value;
  const last = turns.value.at(-1);
  if (!model || !last || answering.value) return;
  forget(last.seen);
  const { id, question, attachments: shown } = last;
  const turn: Turn = { id, question, attachments: shown, text: "", state: "looking", seen: [] };
  const history = turns.value.slice(0, -1);
  turns.value = [...history, turn];
  await sessionOf(model)?.rewind(messagesOf(history).length);
  await answer(model, turn);
}

/** Stops the answer that is being made; what is written stays. */
export function stop(): void {
  current?.abort();
}

/** Begins anew. */
export function newConversation(): void {
  stop();
  void forgetSession();
  for (const turn of turns.value) {
    forget(turn.seen);
    for (const { url } of turn.attachments) URL.revokeObjectURL(url);
  }
  turns.value = [];
}

async function answer(model: SmolVLM, turn: Turn): Promise<void> {
  const controller = new AbortController();
  current = controller;
  const { signal: aborted } = controller;
  const options = imageOptions[detail.value];
  const history = turns.value.filter(({ id }) => id < turn.id);
  const remembered = sessionOf(model) !== undefined;
  const session = sessionOf(model) ?? begin(model, history);
  // A session that begins anew reads the pictures of its history too; what was seen of them is on the page already.
  const showsOnly = remembered || history.every(({ attachments: media }) => media.length === 0);
  const pictures: Promise<string>[] = [];
  const show = async (labels?: readonly SeenLabel[]): Promise<void> => {
    const urls = await Promise.all(labels ? pictures.slice(-labels.length || pictures.length) : pictures);
    if (labels ?? showsOnly) update(turn.id, { seen: urls.map((url, i) => ({ url, label: labels?.[i] })) });
  };
  try {
    const stream = session.send([...partsOf(turn), { type: "text", text: turn.question }], {
      maxNewTokens: MAX_NEW_TOKENS,
      signal: aborted,
      onFrame: (frame) => {
        pictures.push(frameUrl(frame, model));
        void show();
      },
      onProgress: ({ stage, loaded, total }) => {
        if (stage === "vision") update(turn.id, { frames: { done: loaded, all: total } });
      },
    });
    let text = "";
    for await (const delta of stream.textStream) update(turn.id, { text: (text += delta), state: "writing" });
    const result = await stream.result;
    const clips = turn.attachments.filter(({ kind }) => kind === "video").length;
    if (pictures.length > 0)
      await show(seenLabels(turn.attachments, model, options, clips > 0 ? result.videos.slice(-clips) : []));
    update(turn.id, { state: "done", answer: result });
  } catch (error) {
    // The session is as it was before the question. What is on the page counts, so the next one begins from there.
    await forgetSession();
    if (isAbort(error)) update(turn.id, { state: "stopped" });
    else update(turn.id, { state: "failed", problem: problemOf(error) });
    if (DeviceLostError.isInstance(error)) lostModel.value = model;
  } finally {
    if (current === controller) current = undefined;
  }
}

/** The session that remembers this conversation, unless the model was exchanged since or pictures are to be looked at otherwise. */
function sessionOf(model: SmolVLM): ChatSession | undefined {
  return remembering?.model === model && remembering.detail === detail.value ? remembering.session : undefined;
}

function begin(model: SmolVLM, history: readonly Turn[]): ChatSession {
  void forgetSession();
  const session = model.createSession({ messages: messagesOf(history), imageOptions: imageOptions[detail.value] });
  remembering = { model, detail: detail.value, session };
  return session;
}

async function forgetSession(): Promise<void> {
  const session = remembering?.session;
  remembering = undefined;
  // Its model may be gone already.
  await session?.[Symbol.asyncDispose]().catch(() => undefined);
}

function partsOf({ attachments: media }: Turn): ContentPart[] {
  return media.map(({ kind, blob }) =>
    kind === "image" ? { type: "image", image: blob } : { type: "video", video: blob },
  );
}

/** The conversation in the form that models take. */
function messagesOf(conversation: readonly Turn[]): ChatMessage[] {
  return conversation
    .filter(({ state }) => state !== "failed")
    .flatMap((turn): ChatMessage[] => [
      { role: "user", content: [...partsOf(turn), { type: "text", text: turn.question }] },
      ...(turn.text === "" ? [] : [{ role: "assistant", content: turn.text.trim() }]),
    ]);
}

function update(id: number, change: Partial<Turn>): void {
  turns.value = turns.value.map((turn) => (turn.id === id ? { ...turn, ...change } : turn));
}

function forget(seen: readonly SeenPicture[]): void {
  for (const { url } of seen) URL.revokeObjectURL(url);
}
