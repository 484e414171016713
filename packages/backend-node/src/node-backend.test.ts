import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeBackend } from "@smolvlm/backend-node";
import { BackendError, InvalidArgumentError, type ByteSource } from "@smolvlm/contracts";
import { describeBackend, testGraph } from "@smolvlm/contracts/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "backend-node-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Saves as the Hugging Face cache does: the name is a link to a file of another name, in another folder. */
async function saveFile(name: string, bytes: Uint8Array): Promise<ByteSource> {
  const root = await mkdtemp(join(folder, "model-"));
  await mkdir(join(root, "blobs"));
  await mkdir(join(root, "snapshots"));
  await writeFile(join(root, "blobs", "0123abcd"), bytes);
  const path = join(root, "snapshots", name);
  await symlink(join("..", "blobs", "0123abcd"), path);
  return { size: bytes.length, path, read: async (offset, length) => bytes.slice(offset, offset + length) };
}

const helpers = { saveFile, memoryInUse: () => process.memoryUsage.rss() };
describeBackend("nodeBackend", () => nodeBackend(), helpers);
describeBackend("nodeBackend without a worker", () => nodeBackend({ worker: false }), {
  ...helpers,
  blocksEventLoop: true,
});

test("a device that is not here is refused with those that are", async () => {
  const device = process.platform === "darwin" ? "dml" : "coreml";
  for (const worker of [true, false]) {
    await using backend = nodeBackend({ device, worker });
    expect(backend.target.device).toBe(device);
    const creating = backend.createSession({ name: "add", model: testGraph("twoOutputs"), externalData: [] });
    await expect(creating).rejects.toThrow(new RegExp(`"${device}" is not available here; choose one of .*cpu`));
    await expect(creating).rejects.toSatisfy((error) => BackendError.isInstance(error));
  }
});

test.each([0, -1, 1.5, NaN])("%s threads are refused", (threads) => {
  expect(() => nodeBackend({ threads })).toThrow(InvalidArgumentError);
});

test("threads can be chosen", async () => {
  await using backend = nodeBackend({ threads: 1 });
  await using session = await backend.createSession({ name: "add", model: testGraph("twoOutputs"), externalData: [] });
  expect(session.outputNames).toEqual(["sum", "product"]);
});
