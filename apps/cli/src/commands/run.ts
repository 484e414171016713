import { Command } from "commander";
import { addAnswerOptions, generationOptions, loadModel, mediaOptions, type AnswerFlags } from "../common-options.js";
import { progressBar } from "../progress-bar.js";
import { readConversations } from "../read-conversations.js";
import { writeJson } from "../write-json.js";
import { writeSafetensors } from "../write-safetensors.js";

interface RunFlags extends AnswerFlags {
  readonly announceLongestVideo?: boolean;
  readonly json?: boolean;
  readonly saveInputs?: string;
  readonly saveLogits?: string;
}

/** `smolvlm run <conversation.json>`: what people use to compare a port or a fine-tune with Python. */
export function runCommand(signal: AbortSignal): Command {
  const command = new Command("run")
    .description("Run a Hugging Face conversation, or a list of them as one batch.")
    .argument("<conversation.json>", "messages with role and content; media paths are relative to the file");
  return addAnswerOptions(command)
    .option(
      "--announce-longest-video",
      "write the longest video's frame count into every prompt of a batch, as transformers does",
    )
    .option("--json", 'print {"results": […], "timings": {…}}; times are in milliseconds')
    .option("--save-inputs <file.safetensors>", "write input_ids, attention_mask, pixel_values, pixel_attention_mask")
    .option("--save-logits <file.safetensors>", "write last_logits [batch, vocab] of the first step")
    .action(async (file: string, flags: RunFlags) => {
      const started = performance.now();
      const bar = progressBar();
      const conversations = await readConversations(file);
      await using model = await loadModel(flags, bar, signal);
      const loaded = performance.now();
      const inputs = await model.prepare(conversations, {
        ...mediaOptions(flags),
        announceLongestVideo: flags.announceLongestVideo,
        // Saving needs all frames at once; otherwise they are decoded while the model takes them.
        streamFrames: flags.saveInputs === undefined,
        signal,
      });
      if (flags.saveInputs !== undefined) {
        const { inputIds, attentionMask, pixelValues, pixelAttentionMask } = inputs;
        await writeSafetensors(flags.saveInputs, {
          input_ids: inputIds,
          attention_mask: attentionMask,
          ...(pixelValues && { pixel_values: pixelValues }),
          ...(pixelAttentionMask && { pixel_attention_mask: pixelAttentionMask }),
        });
      }
      const prepared = performance.now();
      const { answers, promptLogits, timings } = await model.answer(inputs, {
        signal,
        onProgress: bar.onProgress,
        ...generationOptions(flags),
      });
      bar.clear();
      if (flags.saveLogits !== undefined) await writeSafetensors(flags.saveLogits, { last_logits: promptLogits });
      if (flags.json === true) {
        const results = answers.map(({ text, tokenIds, usage, finishReason, videos }) => ({
          text,
          tokenIds,
          promptTokens: usage.promptTokens,
          finishReason,
          ...(videos.length > 0 && {
            videos: videos.map(({ frameIndices, timestamps }) => ({ frameIndices, timestamps })),
          }),
        }));
        writeJson({ results, timings: { load: loaded - started, prepare: prepared - loaded, ...timings } });
        return;
      }
      for (const { text } of answers) process.stdout.write(`${text}\n`);
    });
}
