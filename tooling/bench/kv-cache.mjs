/** What `kvCacheDtype: "int8"` does to the time of a token and to memory, beside fp32 in the same process. `node kv-cache.mjs --help` */
import { cpus } from "node:os";
import { inspectModel, loadSmolVLM } from "smolvlm";
import { readOptions } from "./read-options.mjs";

const HELP = `node kv-cache.mjs --model FOLDER [options]
  --model FOLDER     a checkpoint, such as one from make-checkpoint.mjs
  --dtype FORMAT     (q8)
  --contexts N,N     tokens of the prompt (128,1024,2048,4096)
  --tokens N         decoded behind it in each round (24)
  --rounds N         (3)`;

async function main() {
  const values = readOptions(HELP, { dtype: "q8", contexts: "128,1024,2048,4096", tokens: "24", rounds: "3" });
  if (!values) return;
  const { cacheBytesPerToken } = await inspectModel(values.model);
  const [tokens, rounds] = [Number(values.tokens), Number(values.rounds)];
  const formats = ["fp32", "int8"];
  const models = [];
  for (const kvCacheDtype of formats)
    models.push(await loadSmolVLM(values.model, { dtype: values.dtype, kvCacheDtype }));
  console.log(`${cpus()[0].model}, ${cpus().length} threads; ${values.dtype} weights`);
  console.log(
    `keys and values of a token: ${formats.map((format) => `${format} ${cacheBytesPerToken[format]} bytes`).join(", ")}, ` +
      `${(cacheBytesPerToken.int8 / cacheBytesPerToken.fp32).toFixed(2)} ×`,
  );
  for (const context of values.contexts.split(",").map(Number)) {
    const best = formats.map(() => Infinity);
    for (let round = 0; round < rounds; round++) {
      for (const [index, model] of models.entries())
        best[index] = Math.min(best[index], await perToken(model, context, tokens));
    }
    const times = formats.map((format, index) => `${format} ${best[index].toFixed(1)} ms`).join(", ");
    console.log(`a token behind ${context}: ${times}, ${(best[1] / best[0]).toFixed(2)} × (best of ${rounds})`);
  }
  for (const model of models) await model[Symbol.asyncDispose]();
}

async function perToken(model, context, tokens) {
  // A word of the alphabet is a token or two; what is decoded behind how many is what the answer tells.
  const content = Array.from({ length: context }, (_, at) => String.fromCharCode(97 + ((at * 7) % 26))).join(" ");
  const messages = [{ role: "user", content }];
  const options = { maxNewTokens: tokens, promptLookup: false, eosTokenIds: [] };
  const { timings } = await model.stream({ messages, ...options }).result;
  return timings.decode / (tokens - 1);
}

await main();
