import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { testGraph } from "@smolvlm/contracts/testing";
import { expect, test } from "vitest";

const run = promisify(execFile);

/** Runs a script in a process of its own, in which `session` is a session that adds; it must end by itself. */
async function outputOf(script: string): Promise<string> {
  const code = `
    import { nodeBackend } from "@smolvlm/backend-node";
    import { tensor } from "@smolvlm/contracts";
    const backend = nodeBackend();
    const model = Uint8Array.of(${testGraph("twoOutputs").join()});
    const session = await backend.createSession({ name: "add", model, externalData: [] });
    const feeds = { a: tensor("float32", [1], Float32Array.of(1)), b: tensor("float32", [1], Float32Array.of(2)) };
    ${script}`;
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "--eval", code], {
    cwd,
    timeout: 20_000,
  });
  expect(stderr).toBe("");
  return stdout;
}

test("an idle backend that was not disposed lets the process end", async () => {
  expect(await outputOf(`console.log((await session.run(feeds)).sum.data[0]);`)).toBe("3\n");
});

test("a run that nobody waits for is not lost", async () => {
  const script = `for (let i = 0; i < 3; i++) void session.run(feeds).then(({ sum }) => console.log(i, sum.data[0]));`;
  expect(await outputOf(script)).toBe("0 3\n1 3\n2 3\n");
});

test("a disposed backend lets the process end", async () => {
  expect(await outputOf(`await session.run(feeds); await backend[Symbol.asyncDispose](); console.log("done");`)).toBe(
    "done\n",
  );
});

test("with a worker, the main thread does not load ONNX Runtime", async () => {
  const script = `
    const { createRequire } = await import("node:module");
    console.log(Object.keys(createRequire(process.cwd() + "/").cache).filter((path) => path.includes("onnxruntime")).length);`;
  expect(await outputOf(script)).toBe("0\n");
});

test("an eager backend that nobody used lets the process end", async () => {
  expect(await outputOf(`nodeBackend({ eager: true }); console.log("done");`)).toBe("done\n");
});
