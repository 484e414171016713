import { createInterface } from "node:readline/promises";
import { InvalidArgumentError } from "@smolvlm/contracts";
import { Command } from "commander";
import { cacheEntries, cacheFolders, removeCacheEntry, type CacheEntry } from "smolvlm";
import { formatBytes } from "../progress-bar.js";
import { writeJson } from "../write-json.js";

/** `smolvlm cache ls|size|rm`: what downloads and converted weights take, and how to be rid of it. */
export function cacheCommand(signal: AbortSignal): Command {
  const command = new Command("cache").description("Show or remove downloaded models and converted weights.");
  command
    .command("ls")
    .description("List what is there, the largest first.")
    .option("--json", "print one JSON array")
    .action(async ({ json }: { json?: boolean }) => {
      const entries = await cacheEntries(await cacheFolders());
      if (json === true) writeJson(entries);
      else process.stdout.write(entries.length === 0 ? "The cache is empty.\n" : table(entries));
    });
  command
    .command("size")
    .description("Say how much the downloads and the converted weights take, and where they are.")
    .option("--json", "print one JSON object")
    .action(async ({ json }: { json?: boolean }) => {
      const folders = await cacheFolders();
      const entries = await cacheEntries(folders);
      const download = sum(entries.filter(({ kind }) => kind === "download"));
      const converted = sum(entries.filter(({ kind }) => kind !== "download"));
      if (json === true) writeJson({ folders, download, converted });
      else {
        const lines = [
          `downloads  ${formatBytes(download).padEnd(10)}${folders.hub} (shared with Python)`,
          `converted  ${formatBytes(converted).padEnd(10)}${folders.converted}`,
        ];
        process.stdout.write(`${lines.join("\n")}\n`);
      }
    });
  command
    .command("rm")
    .description("Remove a model's converted weights, with --downloads its downloaded files too. It asks before.")
    .argument("[model...]", "models as `cache ls` names them")
    .option("--all", "of all models, and what interrupted conversions left")
    .option("--downloads", "downloaded files as well; Python programs share them")
    .option("-y, --yes", "do not ask")
    .action(async (models: string[], flags: RemoveFlags) => remove(models, flags, signal));
  return command;
}

interface RemoveFlags {
  readonly all?: boolean;
  readonly downloads?: boolean;
  readonly yes?: boolean;
}

async function remove(models: readonly string[], flags: RemoveFlags, signal: AbortSignal): Promise<void> {
  if ((models.length === 0) !== (flags.all === true)) {
    throw new InvalidArgumentError({
      argument: "cache rm",
      expected: "models or --all",
      found: models.join(" ") || "neither",
    });
  }
  const entries = await cacheEntries(await cacheFolders());
  const missing = models.find((model) => !entries.some((entry) => entry.model === model));
  if (missing !== undefined) {
    const expected = "a model that `smolvlm cache ls` lists";
    throw new InvalidArgumentError({ argument: "cache rm", expected, found: missing });
  }
  const chosen = entries
    .filter(({ kind }) => kind !== "download" || flags.downloads === true)
    .filter(({ model }) => flags.all === true || models.includes(model));
  if (chosen.length === 0) {
    const why = flags.downloads === true ? "" : " Downloaded files stay unless --downloads is given.";
    process.stdout.write(`There is nothing to remove.${why}\n`);
    return;
  }
  if (flags.yes !== true && !(await isConfirmed(chosen, signal))) {
    process.stdout.write("Nothing was removed.\n");
    return;
  }
  for (const entry of chosen) {
    signal.throwIfAborted();
    await removeCacheEntry(entry);
  }
  process.stdout.write(`Removed ${formatBytes(sum(chosen))}.\n`);
}

async function isConfirmed(entries: readonly CacheEntry[], signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new InvalidArgumentError({
      argument: "cache rm",
      expected: "--yes where nobody can be asked",
      found: "no --yes",
    });
  }
  process.stderr.write(table(entries));
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`Remove these ${formatBytes(sum(entries))}? [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}

function sum(entries: readonly CacheEntry[]): number {
  return entries.reduce((total, { bytes }) => total + bytes, 0);
}

function table(entries: readonly CacheEntry[]): string {
  const rows = entries.map(({ kind, model, detail, bytes }) => {
    return `${formatBytes(bytes).padStart(9)}  ${kind.padEnd(10)} ${model}${detail === undefined ? "" : ` (${detail})`}`;
  });
  return `${[...rows, `${formatBytes(sum(entries)).padStart(9)}  in all`].join("\n")}\n`;
}
