import { nanoExamples, nanoModelUrls } from "@smolvlm/nano";
import { fetchModelFiles, loadSmolVLM } from "smolvlm";

async function describe() {
  const model = await loadSmolVLM(await fetchModelFiles(nanoModelUrls), { device: "wasm" });
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
  await model[Symbol.asyncDispose]();
  return text;
}

const output = /** @type {HTMLOutputElement} */ (document.getElementById("page"));
describe().then(
  (text) => (output.value = text),
  (error) => (output.value = `failed: ${error.message}`),
);
