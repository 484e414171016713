import { Command } from "commander";
import { addAnswerOptions, generationOptions, loadModel, mediaOptions, type AnswerFlags } from "../common-options.js";
import { mediaPart } from "../media-part.js";
import { noteOnBundledModel } from "../note-on-bundled-model.js";
import { printAnswer } from "../print-answer.js";
import { progressBar } from "../progress-bar.js";
import { writeJson } from "../write-json.js";

const ABOUT_PICTURES = "Describe the image.";
const ABOUT_VIDEOS = "What happens in the video?";

interface DescribeFlags extends AnswerFlags {
  readonly prompt?: string;
  readonly json?: boolean;
}

/** `smolvlm describe <image|video>…`: one answer about all the media, streamed. */
export function describeCommand(signal: AbortSignal): Command {
  const command = new Command("describe")
    .description("Describe a picture or a video, or answer a question about several.")
    .argument("<media...>", "paths or URLs of pictures and videos")
    .option(
      "-p, --prompt <text>",
      `what to ask (default: "${ABOUT_PICTURES}", or "${ABOUT_VIDEOS}" when there is a video)`,
    );
  return addAnswerOptions(command)
    .option("--json", "print one JSON object instead of text")
    .action(async (media: string[], flags: DescribeFlags) => {
      const bar = progressBar();
      await using model = await loadModel(flags, bar, signal);
      noteOnBundledModel(flags.model);
      const parts = media.map(mediaPart);
      const text = flags.prompt ?? (parts.some(({ type }) => type === "video") ? ABOUT_VIDEOS : ABOUT_PICTURES);
      const answer = model.stream({
        messages: [{ role: "user", content: [...parts, { type: "text", text }] }],
        ...mediaOptions(flags),
        signal,
        onProgress: bar.onProgress,
        ...generationOptions(flags),
      });
      if (flags.json === true) {
        writeJson(await answer.result);
        return;
      }
      await printAnswer(answer, bar);
    });
}
