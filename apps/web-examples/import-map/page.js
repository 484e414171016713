import { nanoExamples, nanoModelUrls } from "@smolvlm/nano";
import { fetchModelFiles, loadSmolVLM } from "smolvlm";

const output = document.getElementById("page");
try {
  const model = await loadSmolVLM(await fetchModelFiles(nanoModelUrls), { device: "wasm" });
  const image = await (await fetch(nanoExamples.scene)).blob();
  const stream = model.stream({
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
  for await (const piece of stream.textStream) output.value += piece;
  await model[Symbol.asyncDispose]();
  output.dataset.done = "true";
} catch (error) {
  output.value = `failed: ${error.message}`;
  output.dataset.done = "true";
}
