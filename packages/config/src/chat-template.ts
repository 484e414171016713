import { ConfigError, type ModelFiles, type ReadOptions } from "@smolvlm/contracts";
import { describe } from "./check.js";
import { readJsonFile, readTextFile } from "./json-file.js";
import { isJsonObject } from "./json-object.js";

/**
 * The chat template in a value of `chat_template`: a string, or an array of `{name, template}` of which `default` is taken;
 * undefined for null.
 *
 * @throws ConfigError for anything else.
 */
export function parseChatTemplate(json: unknown, file: string): string | undefined {
  if (json === undefined || json === null) return undefined;
  if (typeof json === "string") return json;
  if (Array.isArray(json)) {
    for (const entry of json as readonly unknown[]) {
      if (isJsonObject(entry) && entry["name"] === "default" && typeof entry["template"] === "string")
        return entry["template"];
    }
  }
  const expected = 'a string, or an array of {"name", "template"} with one named "default"';
  throw new ConfigError({ file, field: "chat_template", expected, found: describe(json) });
}

/**
 * The checkpoint's chat template (jinja), from the first of `chat_template.jinja`, `chat_template.json`, `processor_config.json` and
 * `tokenizer_config.json` that has one; undefined when none has.
 *
 * @throws ModelFileError when a file is unreadable, ConfigError when its template is not one.
 */
export async function readChatTemplate(files: ModelFiles, options?: ReadOptions): Promise<string | undefined> {
  const plain = await readTextFile(files, "chat_template.jinja", options);
  if (plain !== undefined) return plain;
  for (const file of ["chat_template.json", "processor_config.json", "tokenizer_config.json"]) {
    const json = await readJsonFile(files, file, options);
    if (!isJsonObject(json)) continue;
    const template = parseChatTemplate(json["chat_template"], file);
    if (template !== undefined) return template;
  }
  return undefined;
}
