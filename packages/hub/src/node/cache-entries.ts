import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { StorageError } from "../errors.js";
import { errorCode, fileProblem } from "./file-problem.js";
import { storedFileName } from "./file-byte-store.js";

/** Largest record that is read. */
const MAX_RECORD_BYTES = 2 ** 20;

/** Something that takes room in a cache. */
export interface CacheEntry {
  /** A repository that was downloaded, weights that were converted, or what is left of something that was interrupted. */
  readonly kind: "download" | "converted" | "leftover";
  /** `org/name`, or what the user called the model; for leftovers the file. */
  readonly model: string;
  /** Of converted weights: the graph, formats and device. Graphs that were kept with them count with them. */
  readonly detail: string | undefined;
  readonly bytes: number;
  /** Files and folders that are removed with it. */
  readonly paths: readonly string[];
}

/** Where to look. */
export interface CacheFolders {
  /** The Hub's cache, with a folder `models--org--name` for each repository. */
  readonly hub: string;
  /** Of converted weights: see `smolvlmCacheDir`. */
  readonly converted: string;
}

/** What is in the caches, the largest first. Folders that do not exist are empty. */
export async function cacheEntries({ hub, converted }: CacheFolders): Promise<readonly CacheEntry[]> {
  const entries = [...(await downloads(resolve(hub))), ...(await conversions(resolve(converted)))];
  return entries.sort((a, b) => b.bytes - a.bytes);
}

/** Removes what an entry holds. @throws StorageError when it cannot be removed. */
export async function removeCacheEntry({ paths }: CacheEntry): Promise<void> {
  for (const path of paths) {
    await rm(path, { recursive: true, force: true }).catch((cause: unknown) => {
      throw new StorageError(path, fileProblem(cause), { cause });
    });
  }
}

async function downloads(hub: string): Promise<readonly CacheEntry[]> {
  const folders = (await namesIn(hub)).filter((name) => name.startsWith("models--"));
  return Promise.all(
    folders.map(async (name): Promise<CacheEntry> => {
      const path = join(hub, name);
      const model = name.slice("models--".length).replaceAll("--", "/");
      return { kind: "download", model, detail: undefined, bytes: await sizeOf(path), paths: [path] };
    }),
  );
}

async function conversions(folder: string): Promise<readonly CacheEntry[]> {
  const rest = new Set((await namesIn(folder)).filter((name) => /\.bin$|\.incomplete$/.test(name)));
  // The weights' own record, and those of graphs that were kept with them, are one entry.
  const files = new Map<string, { readonly record: WeightsRecord; readonly names: string[] }>();
  for (const name of [...rest].filter((each) => /\.json\.[0-9a-f]{16}\.bin$/.test(each))) {
    const record = await readRecord(join(folder, name));
    if (!record) continue;
    const { names } = files.get(record.weights) ?? { names: [] as string[] };
    const own = [record.weights, ...(record.onnx ? [record.onnx.key] : [])].map(storedFileName);
    names.push(...[name, ...own].filter((each) => rest.delete(each)));
    files.set(record.weights, { record, names });
  }
  const entries: CacheEntry[] = [];
  for (const { record, names } of files.values()) {
    const paths = names.map((each) => join(folder, each));
    const bytes = (await Promise.all(paths.map(sizeOf))).reduce((sum, size) => sum + size, 0);
    const detail = `${record.graph} ${record.formats.join("+")} for ${record.device}`;
    entries.push({ kind: "converted", model: record.model, detail, bytes, paths });
  }
  for (const name of rest) {
    const path = join(folder, name);
    entries.push({ kind: "leftover", model: name, detail: undefined, bytes: await sizeOf(path), paths: [path] });
  }
  return entries;
}

/** What is read of what the store notes of converted weights. */
interface WeightsRecord {
  readonly model: string;
  readonly graph: string;
  readonly device: string;
  readonly formats: readonly string[];
  readonly weights: string;
  /** Of a graph. */
  readonly onnx?: { readonly key: string } | undefined;
}

async function readRecord(path: string): Promise<WeightsRecord | undefined> {
  try {
    if ((await stat(path)).size > MAX_RECORD_BYTES) return undefined;
    const json = JSON.parse(await readFile(path, "utf8")) as Partial<WeightsRecord> | null;
    const texts = [json?.model, json?.graph, json?.device, json?.weights, json?.onnx?.key ?? ""];
    return texts.every((text) => typeof text === "string") && Array.isArray(json?.formats)
      ? (json as WeightsRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return [];
    throw new StorageError(folder, fileProblem(cause), { cause });
  }
}

/** Bytes of a file, or of all files below a folder; links count nothing, since what they lead to counts itself. */
async function sizeOf(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return (await stat(path).catch(() => undefined))?.size ?? 0;
  const sizes = await Promise.all(
    entries.filter((entry) => !entry.isSymbolicLink()).map((entry) => sizeOf(join(path, entry.name))),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
