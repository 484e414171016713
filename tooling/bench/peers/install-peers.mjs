import { spawn } from "node:child_process";
import { access, copyFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Installs what this project is compared with, once, in a folder for temporary files: never a part of the workspace.
 *
 * @param {(line: string) => void} log
 * @returns {Promise<string>} the folder.
 */
export async function installPeers(log, folder = join(tmpdir(), "smolvlm-bench", "peers")) {
  const isThere = await access(join(folder, "node_modules", "node-llama-cpp")).then(
    () => true,
    () => false,
  );
  await mkdir(folder, { recursive: true });
  await copyFile(fileURLToPath(new URL("package.json", import.meta.url)), join(folder, "package.json"));
  if (isThere) return folder;
  log(`installing transformers.js and llama.cpp in ${folder}: about 1 GB, once`);
  // Their scripts would fetch CUDA libraries and sources; the programs for CPUs are in the packages.
  const child = spawn("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`npm install in ${folder} ended with exit code ${code}.`);
  return folder;
}
