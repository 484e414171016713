// Runs pnpm at the version that package.json names, whether or not this machine has it: npm fetches it when needed.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { packageManager } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));

/** @param {readonly string[]} args @returns {number} the exit status */
export function pnpm(args) {
  const { status, error } = spawnSync("npm", ["exec", "--yes", `--package=${packageManager}`, "--", "pnpm", ...args], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", npm_config_loglevel: "error" },
  });
  if (error) console.error(`Could not start npm: ${error.message}`);
  return status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(pnpm(process.argv.slice(2)));
