// An extension's pages may have no import map, which is written in the page; addresses do as well.
import { nanoExamples, nanoModelUrls } from "./nano/dist/web/index.js";
import { fetchModelFiles, loadSmolVLM } from "./smolvlm/smolvlm.js";

const output = document.getElementById("page");
try {
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
  output.value = text;
} catch (error) {
  output.value = `failed: ${error.message}`;
}
output.dataset.done = "true";
