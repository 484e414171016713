import { relative } from "node:path";
import { nanoExamples } from "@smolvlm/nano";
import { Command } from "commander";
import { BUNDLED_MODEL, loadModel } from "../common-options.js";
import { printAnswer } from "../print-answer.js";
import { progressBar } from "../progress-bar.js";

const questions = [
  {
    label: "picture",
    file: nanoExamples.scene,
    part: { type: "image", image: nanoExamples.scene },
    text: "What is in this image?",
  },
  {
    label: "picture",
    file: nanoExamples.scene,
    part: { type: "image", image: nanoExamples.scene },
    text: "What is the background color?",
  },
  {
    label: "video",
    file: nanoExamples.clip,
    part: { type: "video", video: nanoExamples.clip },
    text: "What happens in the video?",
  },
] as const;

/** `smolvlm demo`: answers about the bundled picture and video with the bundled model; needs no network. */
export function demoCommand(signal: AbortSignal): Command {
  return new Command("demo")
    .description("Answer about a bundled picture and video with the bundled model.")
    .action(async () => {
      const bar = progressBar();
      const started = performance.now();
      await using model = await loadModel({ model: BUNDLED_MODEL, dtype: "fp32", device: "cpu" }, bar, signal);
      process.stderr.write(`Loaded the bundled model in ${Math.round(performance.now() - started)} ms.\n\n`);
      for (const { label, file, part, text } of questions) {
        process.stdout.write(
          `${`${label}:`.padEnd(10)}${relative(process.cwd(), file)}\nquestion: ${text}\nanswer:   `,
        );
        const answer = model.stream({ messages: [{ role: "user", content: [part, { type: "text", text }] }], signal });
        const { timings } = await printAnswer(answer);
        process.stderr.write(`          (${Math.round(timings.total)} ms)\n`);
      }
      process.stderr.write(
        `\nNext: node apps/cli/dist/main.js describe <your picture> --model HuggingFaceTB/SmolVLM2-256M-Video-Instruct\n`,
      );
    });
}
