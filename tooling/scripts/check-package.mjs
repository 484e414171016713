// Checks the package in the working directory as it would be published: packs it, then asks publint (strict) and attw (ESM only)
// about the tarball. Says nothing when all is well.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const require = createRequire(import.meta.url);
const folder = process.cwd();
const manifest = JSON.parse(readFileSync(resolve(folder, "package.json"), "utf8"));
const temporary = mkdtempSync(join(tmpdir(), "check-package-"));
const problems = [];

try {
  const tarball = pack();
  if (tarball !== undefined) {
    await checkManifest(tarball);
    checkTypes(tarball);
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
if (problems.length > 0) {
  for (const problem of problems) console.error(`${manifest.name}: ${problem}`);
  process.exit(1);
}

/** @returns {string | undefined} the path of the tarball that pnpm would publish */
function pack() {
  // Inside a pnpm script the running pnpm is used; otherwise npm fetches the one that the repository names.
  const running = process.env.npm_execpath;
  const [command, ...before] = /pnpm(\.c?js)?$/.test(running ?? "")
    ? running.endsWith("js")
      ? [process.execPath, running]
      : [running]
    : ["npm", "exec", "--yes", `--package=${rootManifest().packageManager}`, "--", "pnpm"];
  const result = spawnSync(command, [...before, "pack", "--pack-destination", temporary], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const tarball = readdirSync(temporary).find((name) => name.endsWith(".tgz"));
  if (result.status === 0 && tarball !== undefined) return join(temporary, tarball);
  problems.push(`pnpm pack failed: ${result.error?.message ?? `${result.stdout}${result.stderr}`}`);
  return undefined;
}

function rootManifest() {
  return JSON.parse(readFileSync(fileURLToPath(new URL("../../package.json", import.meta.url)), "utf8"));
}

async function checkManifest(tarball) {
  const bytes = readFileSync(tarball);
  const archive = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: archive }, strict: true });
  for (const message of messages)
    problems.push(`publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`);
  const ranges = Object.entries({ ...pkg.dependencies, ...pkg.peerDependencies });
  for (const [name, range] of ranges) {
    if (range.startsWith("workspace:")) problems.push(`the dependency ${name} would be published as ${range}.`);
  }
}

function checkTypes(tarball) {
  const cli = require.resolve("@arethetypeswrong/cli/package.json");
  const bin = join(dirname(cli), JSON.parse(readFileSync(cli, "utf8")).bin.attw);
  const args = [bin, tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji", "--no-color"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: temporary, encoding: "utf8" });
  if (status !== 0) problems.push(`attw:\n${stdout}${stderr}`);
}
