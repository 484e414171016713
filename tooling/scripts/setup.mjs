// Brings a clean clone to where `npm run demo` and `npm test` can start: installs, and with --build also builds.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { pnpm } from "./pnpm.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: this project needs Node 20.19 or newer.`);
  process.exit(1);
}

// An unchanged lockfile needs no second install: this keeps a repeated `npm run demo` instant.
const lock = createHash("sha256")
  .update(readFileSync(`${root}/pnpm-lock.yaml`))
  .digest("hex");
const stamp = `${root}/node_modules/.smolvlm-installed`;
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  console.error("Installing dependencies …");
  const status = pnpm([
    "install",
    "--frozen-lockfile",
    "--prefer-offline",
    "--reporter=append-only",
    "--loglevel=warn",
  ]);
  if (status !== 0) process.exit(status);
  writeFileSync(stamp, lock);
}

if (process.argv.includes("--build")) {
  console.error("Building …");
  const status = pnpm(["exec", "turbo", "run", "build", "--output-logs=errors-only", "--log-prefix=none"]);
  if (status !== 0) process.exit(status);
}
