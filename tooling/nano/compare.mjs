/** Answers the cases of evaluate.py with this project and compares with what transformers answered. `node compare.mjs --help` */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { nanoModelPath } from "@smolvlm/nano";
import { loadSmolVLM } from "smolvlm";
import { EVALUATION, readCases } from "./read-cases.mjs";

const HELP = `node compare.mjs [--cases FOLDER] [--model FOLDER] [--results FILE]
  --cases FOLDER   what evaluate.py --write-cases wrote (evaluation)
  --model FOLDER   the checkpoint that answered there (the bundled one)
  --results FILE   adds the table to this JSON file
Prints a Markdown table; exits with 1 where any token differs.`;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: EVALUATION },
    model: { type: "string", default: nanoModelPath },
    results: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}

const cases = await readCases(resolve(values.cases));
const model = await loadSmolVLM(values.model);
const table = {};
for (const { id, task, conversation, expected, referenceAnswer, referenceTokenIds } of cases) {
  const { text, tokenIds } = await model.generate({ messages: conversation, maxNewTokens: 64 });
  const row = (table[task] ??= { of: 0, transformers: 0, smolvlm: 0, sameTokens: 0 });
  const same = tokenIds.join() === referenceTokenIds.join();
  row.of += 1;
  row.transformers += Number(referenceAnswer === expected);
  row.smolvlm += Number(text.trim() === expected);
  row.sameTokens += Number(same);
  if (!same) console.error(`${id}: ${JSON.stringify(text)}, transformers: ${JSON.stringify(referenceAnswer)}`);
}
await model[Symbol.asyncDispose]();

const percent = (n, of) => `${((100 * n) / of).toFixed(1)} %`;
console.log("| task | scenes | transformers | this project | same tokens |\n| --- | ---: | ---: | ---: | ---: |");
for (const [task, { of, transformers, smolvlm, sameTokens }] of Object.entries(table)) {
  console.log(
    `| ${task} | ${of} | ${percent(transformers, of)} | ${percent(smolvlm, of)} | ${percent(sameTokens, of)} |`,
  );
}
if (values.results) {
  const results = JSON.parse(await readFile(values.results, "utf8").catch(() => "{}"));
  await writeFile(values.results, `${JSON.stringify({ ...results, compared: table }, null, 2)}\n`);
}
process.exitCode = Object.values(table).every(({ of, sameTokens }) => of === sameTokens) ? 0 : 1;
