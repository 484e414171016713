import { nanoExamples, nanoModelUrls } from "@smolvlm/nano";
import { fetchModelFiles, loadSmolVLM, type LoadOptions } from "smolvlm";

/** Loads the bundled model, asks about the bundled picture, and says where that ran. */
export async function describe(options: LoadOptions = {}): Promise<string> {
  await using model = await loadSmolVLM(await fetchModelFiles(nanoModelUrls), options);
  const image = await (await fetch(nanoExamples.scene)).blob();
  const { text } = await model.generate({
    messages: [
      {
        role: "user",
        content: [
          { type: "image", image },
          { type: "text", text: "What is in this image?" },
        ],
      },
    ],
  });
  return `${text} (${model.device.device}, threads: ${model.device.threads ?? 1})`;
}
