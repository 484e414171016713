// Each address is written out: bundlers find files by `new URL("literal", import.meta.url)` and copy them beside the page's scripts.

/** Addresses of the checkpoint's files by their names, for `fetchModelFiles` of the package `smolvlm`. */
export const nanoModelUrls: Readonly<Record<string, string>> = {
  "added_tokens.json": new URL("../../model/added_tokens.json", import.meta.url).href,
  "chat_template.json": new URL("../../model/chat_template.json", import.meta.url).href,
  "config.json": new URL("../../model/config.json", import.meta.url).href,
  "generation_config.json": new URL("../../model/generation_config.json", import.meta.url).href,
  "model.safetensors": new URL("../../model/model.safetensors", import.meta.url).href,
  "preprocessor_config.json": new URL("../../model/preprocessor_config.json", import.meta.url).href,
  "processor_config.json": new URL("../../model/processor_config.json", import.meta.url).href,
  "special_tokens_map.json": new URL("../../model/special_tokens_map.json", import.meta.url).href,
  "tokenizer.json": new URL("../../model/tokenizer.json", import.meta.url).href,
  "tokenizer_config.json": new URL("../../model/tokenizer_config.json", import.meta.url).href,
};

/** Addresses of the example media that the model answers about. */
export const nanoExamples: {
  /** A drawn scene of several coloured shapes, 512×512. */
  readonly scene: string;
  /** Another scene, to compare with the first. */
  readonly otherScene: string;
  /** A printed word. */
  readonly sign: string;
  /** A short clip of one moving shape, an animated GIF. */
  readonly clip: string;
} = {
  scene: new URL("../../examples/scene.png", import.meta.url).href,
  otherScene: new URL("../../examples/scene-2.png", import.meta.url).href,
  sign: new URL("../../examples/sign.png", import.meta.url).href,
  clip: new URL("../../examples/clip.gif", import.meta.url).href,
};
