import { createInterface } from "node:readline/promises";
import { SmolVLMError } from "@smolvlm/contracts";
import { Command } from "commander";
import type { ChatSession, ContentPart, SmolVLM } from "smolvlm";
import { addAnswerOptions, generationOptions, loadModel, mediaOptions, type AnswerFlags } from "../common-options.js";
import { noteOnBundledModel } from "../note-on-bundled-model.js";
import { printAnswer } from "../print-answer.js";
import { progressBar } from "../progress-bar.js";
import { reportError } from "../report-error.js";

const HELP = `/image FILE   show a picture with the next question (path or URL; several are fine)
/video FILE   show a video with the next question
/new          forget the conversation
/help         this text
/quit         leave (also Ctrl-D)
`;

/** `smolvlm chat`: a conversation in the terminal. */
export function chatCommand(signal: AbortSignal): Command {
  const command = new Command("chat").description(
    "Talk with the model; /image FILE and /video FILE show it something.",
  );
  return addAnswerOptions(command).action(async (flags: AnswerFlags) => {
    const bar = progressBar();
    await using model = await loadModel(flags, bar, signal);
    noteOnBundledModel(flags.model);
    const terminal = process.stdin.isTTY;
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal });
    // readline takes Ctrl-C from the terminal; hand it on, so that it stops the program as everywhere else.
    lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    signal.addEventListener("abort", () => lines.close());
    if (terminal) process.stderr.write(HELP);
    await converse(model, lines, flags, signal);
    signal.throwIfAborted();
  });
}

async function converse(
  model: SmolVLM,
  lines: ReturnType<typeof createInterface>,
  flags: AnswerFlags,
  signal: AbortSignal,
): Promise<void> {
  const start = (): ChatSession => model.createSession(mediaOptions(flags));
  let session = start();
  let media: ContentPart[] = [];
  lines.setPrompt("> ");
  lines.prompt();
  for await (const line of lines) {
    const [word = "", ...rest] = line.trim().split(/\s+/);
    const argument = rest.join(" ");
    if (word === "/quit") break;
    else if (word === "/help") process.stderr.write(HELP);
    else if (word === "/new") {
      await session[Symbol.asyncDispose]();
      [session, media] = [start(), []];
    } else if (word === "/image" && argument !== "") media.push({ type: "image", image: argument });
    else if (word === "/video" && argument !== "") media.push({ type: "video", video: argument });
    else if (word.startsWith("/"))
      process.stderr.write(`smolvlm: ${word}: unknown, or something is missing; /help lists the commands.\n`);
    else if (line.trim() !== "") {
      try {
        await ask(session, [...media, { type: "text", text: line.trim() }], flags, signal);
        media = [];
      } catch (error) {
        // A picture that cannot be read, or a full context: the session stays as it was.
        if (signal.aborted || !SmolVLMError.isInstance(error)) throw error;
        reportError(error, false);
        media = [];
      }
    }
    lines.prompt();
  }
  lines.close();
}

async function ask(
  session: ChatSession,
  content: readonly ContentPart[],
  flags: AnswerFlags,
  signal: AbortSignal,
): Promise<void> {
  const bar = progressBar();
  const answer = session.send(content, { signal, onProgress: bar.onProgress, ...generationOptions(flags) });
  await printAnswer(answer, bar);
}
