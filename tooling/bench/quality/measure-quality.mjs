import { nanoModelPath } from "@smolvlm/nano";
import { loadSmolVLM, tensor } from "smolvlm";
import { readCases } from "../../nano/read-cases.mjs";

/** More than any answer has. */
const MAX_NEW_TOKENS = 64;

/** Each of our formats, and what the device is given by default. */
export const FORMATS = ["fp16", "q8", "int8", "q4", "auto"];

const fp32 = { vision: "fp32", text: "fp32", head: "fp32" };

/**
 * @typedef {{ rms: number, max: number }} LogitsError differences from fp32's logits, as a part of how far apart fp32's highest and lowest
 *   are: root of the mean square, and the greatest.
 * @typedef {{ scenes: number, equal: number, different: string[], logits: { whole: LogitsError, vision?: LogitsError, text?: LogitsError,
 *   head?: LogitsError } }} FormatQuality
 */

/**
 * Asks the bundled model its test scenes in each format. Answers are greedy; the logits are those of every token of fp32's answers, each behind
 * the same tokens.
 *
 * @param {{ formats?: string[], scenes?: object[], log?: (line: string) => void }} options
 * @returns {Promise<Record<string, FormatQuality>>} by format; but for `auto`, the logits also with one part at a time in the format.
 */
export async function measureQuality({ formats = FORMATS, scenes, log = () => {} } = {}) {
  const asked = await askReference(scenes);
  const measured = {};
  for (const format of formats) {
    measured[format] = await answersIn(format, asked);
    if (format !== "auto") Object.assign(measured[format].logits, await partsIn(format, asked));
    log(`${format}: ${measured[format].equal} of ${asked.length}`);
  }
  return measured;
}

/** The scenes with fp32's answers and logits, which the others are compared with. */
export async function askReference(scenes) {
  const cases = scenes ?? (await readCases());
  return withModel(fp32, async (smolvlm) => {
    const asked = [];
    for (const { id, conversation } of cases) {
      const { inputIds, pixelValues, pixelAttentionMask } = await smolvlm.prepare([conversation]);
      const inputs = { inputIds, pixelValues, pixelAttentionMask };
      const answer = await answerOf(smolvlm, inputs);
      asked.push({ id, inputs, answer, logits: await logitsOf(smolvlm, inputs, answer) });
    }
    return asked;
  });
}

/**
 * Answers and logits in one format, or in one for each part, beside those of `askReference`.
 *
 * @returns {Promise<FormatQuality>} without the logits of parts.
 */
export async function answersIn(dtype, asked) {
  return withModel(dtype, async (smolvlm) => {
    const different = [];
    for (const { id, inputs, answer } of asked) {
      if ((await answerOf(smolvlm, inputs)).join() !== answer.join()) different.push(id);
    }
    const logits = { whole: await logitsError(smolvlm, asked) };
    return { scenes: asked.length, equal: asked.length - different.length, different, logits };
  });
}

/** The logits with one part at a time in the format and the others in fp32, beside those of `askReference`. */
export async function partsIn(format, asked) {
  const logits = {};
  for (const part of Object.keys(fp32))
    logits[part] = await withModel({ ...fp32, [part]: format }, (smolvlm) => logitsError(smolvlm, asked));
  return logits;
}

async function withModel(dtype, work) {
  const smolvlm = await loadSmolVLM(nanoModelPath, { dtype, visionCache: false, threads: 1 });
  try {
    return await work(smolvlm);
  } finally {
    await smolvlm[Symbol.asyncDispose]();
  }
}

async function answerOf({ model }, inputs) {
  const { data, dims } = await model.generate({ ...inputs, maxNewTokens: MAX_NEW_TOKENS });
  return data.slice(inputs.inputIds.dims[1], dims[1]);
}

/** The logits of every token of an answer [tokens, vocab]. */
async function logitsOf({ model }, inputs, answer) {
  const prompt = inputs.inputIds.data;
  const ids = Int32Array.of(...prompt, ...answer.subarray(0, -1));
  const { logits } = await model.forward({
    ...inputs,
    inputIds: tensor("int32", [1, ids.length], ids),
    logitsToKeep: answer.length,
  });
  return { values: logits.data, vocabulary: logits.dims[2] };
}

/** @returns {Promise<LogitsError>} */
async function logitsError(smolvlm, asked) {
  let [squares, max, count] = [0, 0, 0];
  for (const { inputs, answer, logits } of asked) {
    const { values } = await logitsOf(smolvlm, inputs, answer);
    for (let start = 0; start < values.length; start += logits.vocabulary) {
      const expected = logits.values.subarray(start, start + logits.vocabulary);
      const range = Math.max(...expected) - Math.min(...expected);
      expected.forEach((value, index) => {
        const difference = Math.abs(values[start + index] - value) / range;
        squares += difference ** 2;
        max = Math.max(max, difference);
      });
      count += expected.length;
    }
  }
  return { rms: Math.sqrt(squares / count), max };
}
