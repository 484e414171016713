/**
 * What is not computed twice, and what several rows cost together: ratios within one run. `node reuse.mjs --help`
 *
 * Processor time is given beside wall time, since it does not depend on what else the machine does.
 */
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { loadSmolVLM } from "smolvlm";
import { syntheticPhoto } from "./photo.mjs";
import { readOptions } from "./read-options.mjs";

const HELP = `node reuse.mjs --model FOLDER [options]
  --model FOLDER    a checkpoint, such as one from make-checkpoint.mjs
  --dtype FORMAT    (q8)
  --size W,H        of the photo that is asked about (1024,768: 13 frames of a 256M model)
  --rows N          rows of the batches (8)
  --tokens N        new tokens of each row (32)`;

/** Text that a model is not likely to end, so that each row has all its tokens. */
const ENDLESS = { eosTokenIds: [] };

async function main() {
  const values = readOptions(HELP, { dtype: "q8", size: "1024,768", rows: "8", tokens: "32" });
  if (!values) return;
  const [width, height] = values.size.split(",").map(Number);
  const [rows, tokens] = [Number(values.rows), Number(values.tokens)];
  const photo = await syntheticPhoto(width, height);
  const model = await loadSmolVLM(values.model, { dtype: values.dtype });
  console.log(`${cpus()[0].model}, ${cpus().length} threads; ${values.dtype}; photo of ${width} × ${height}`);
  await model.generate({ messages: asking("Hello."), maxNewTokens: 2, ...ENDLESS });
  await sessions(model, photo);
  await batches(model, rows, tokens);
  await questions(model, photo, rows);
  await repetition(model, tokens);
  await model[Symbol.asyncDispose]();
}

/** The second question about a picture, and the same picture in another conversation. */
async function sessions(model, photo) {
  const session = model.createSession();
  const first = await timed(() => session.ask(about(photo, "What is this?"), { maxNewTokens: 1 }));
  const second = await timed(() => session.ask("What else is there?", { maxNewTokens: 1 }));
  const other = model.createSession();
  const third = await timed(() => other.ask(about(photo, "Who is that?"), { maxNewTokens: 1 }));
  print("a question about a photo, to the first token", first);
  print("the second question about it", second, first);
  print("the same photo in a new session", third, first);
  await session[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
}

/** Rows with prompts of their own, decoded together and one after the other. */
async function batches(model, rows, tokens) {
  const conversations = Array.from({ length: rows }, (_, row) => asking(words(row, 100)));
  const options = { maxNewTokens: tokens, promptLookup: false, ...ENDLESS };
  const alone = { wall: 0, cpu: 0 };
  for (const messages of conversations) add(alone, await decoding(model.stream({ messages, ...options })));
  const { timings } = await model.generateBatch({ conversations, ...options });
  const together = { wall: timings.decode, cpu: NaN };
  print(`${rows} rows of ${tokens} tokens, decoded one after the other`, alone);
  print("the same together", together, alone);
}

/** Questions about one picture, which has been seen. */
async function questions(model, photo, rows) {
  const conversations = Array.from({ length: rows }, (_, row) => [
    { role: "user", content: about(photo, `Question ${row}?`) },
  ]);
  const options = { maxNewTokens: 1, ...ENDLESS };
  await model.generate({ messages: conversations[0], ...options });
  const alone = await timed(async () => {
    for (const messages of conversations) await model.generate({ messages, ...options });
  });
  const together = await timed(() => model.generateBatch({ conversations, ...options }));
  print(`${rows} questions about one photo that was seen, one after the other`, alone);
  print("the same in one batch", together, alone);
}

/** Text that repeats itself, with and without guessing. */
async function repetition(model, tokens) {
  const messages = asking(words(1, 60));
  // As if the model repeated a sentence of nine tokens.
  const prefixAllowedTokensFn = (_row, ids) => [100 + (ids.length % 9)];
  const options = { messages, maxNewTokens: 4 * tokens, prefixAllowedTokensFn, ...ENDLESS };
  const plain = await decoding(model.stream({ ...options, promptLookup: false }));
  const guessing = await decoding(model.stream({ ...options, promptLookup: true }));
  print(`${4 * tokens} tokens that repeat themselves, one by one`, plain);
  print("the same with prompt lookup", guessing, plain);
}

const asking = (text) => [{ role: "user", content: text }];
const about = (photo, text) => [
  { type: "image", image: photo },
  { type: "text", text },
];
const words = (row, count) => Array.from({ length: count }, (_, at) => `w${(at * 37 + row * 101) % 997}`).join(" ");

async function decoding(stream) {
  const { timings } = await stream.result;
  return { wall: timings.decode, cpu: NaN };
}

async function timed(work) {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wall: performance.now() - wall, cpu: (user + system) / 1000 };
}

function add(sum, { wall, cpu }) {
  sum.wall += wall;
  sum.cpu += cpu;
}

function print(label, { wall, cpu }, first) {
  const figures = [`${wall.toFixed(0)} ms`, Number.isNaN(cpu) ? "" : `${cpu.toFixed(0)} ms of processor time`];
  const ratios = first && [
    `${(wall / first.wall).toFixed(3)} ×`,
    Number.isNaN(cpu) ? "" : `${(cpu / first.cpu).toFixed(3)} × of processor time`,
  ];
  console.log([label, ...figures, ...(ratios ?? [])].filter((part) => part !== "").join(" · "));
}

await main();
