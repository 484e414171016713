import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { errorCode, fileProblem } from "./file-problem.js";
import { StorageError } from "../errors.js";
import { checkEndpoint, checkToken } from "../remote/make-client.js";

/** Where models come from and are kept. Each option is set by an environment variable when it is absent, as in Python. */
export interface HubOptions {
  /**
   * Folder of the cache shared with Python: `HF_HUB_CACHE`, else `$HF_HOME/hub`, else `$XDG_CACHE_HOME/huggingface/hub`, else
   * `~/.cache/huggingface/hub`. Files from plain addresses go here too when it is given, else to `smolvlmCacheDir()`.
   */
  readonly cacheDir?: string | undefined;
  /**
   * Access token, or false for none: `HF_TOKEN`, else the file that `hf auth login` writes (`$HF_HOME/token`).
   * It is sent to `endpoint` and to no other host.
   */
  readonly token?: string | false | undefined;
  /** Address of the Hub or of a mirror: `HF_ENDPOINT`, else `https://huggingface.co`. */
  readonly endpoint?: string | undefined;
  /** Whether to make no requests and use only what the cache has: `HF_HUB_OFFLINE`, else false. */
  readonly offline?: boolean | undefined;
  /** Milliseconds of silence after which a request counts as failed; 30000 when absent. */
  readonly timeout?: number | undefined;
  /** How often a failed request is tried again before giving up; 5 when absent. */
  readonly retries?: number | undefined;
  /** Milliseconds before the first retry, doubled for each further one; 500 when absent. */
  readonly retryDelay?: number | undefined;
  /** Used instead of the global `fetch`, for instance to go through a proxy. */
  readonly fetch?: typeof fetch | undefined;
}

/** The options, with everything filled in. */
export interface HubSettings {
  readonly cacheDir: string;
  readonly token: string | undefined;
  readonly endpoint: string;
  readonly offline: boolean;
}

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Longest token file that is read; tokens have some 40 characters. */
const MAX_TOKEN_BYTES = 4096;

/**
 * Fills absent options in from the environment, with the names and precedence of Python's `huggingface_hub`.
 *
 * @throws InvalidArgumentError for an endpoint that is no http(s) address or a token that cannot be sent.
 */
export async function hubSettings(options: HubOptions, environment: Environment): Promise<HubSettings> {
  const value = (name: string): string | undefined => environment[name] || undefined;
  const home = hubHome(environment);
  const cacheDir = options.cacheDir ?? value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") ?? join(home, "hub");
  const offline = options.offline ?? isTrue(value("HF_HUB_OFFLINE") ?? value("TRANSFORMERS_OFFLINE"));
  return {
    cacheDir: resolve(expandHome(cacheDir)),
    token: checkToken(
      "token (HF_TOKEN)",
      (options.token ??
        value("HF_TOKEN") ??
        value("HUGGING_FACE_HUB_TOKEN") ??
        (await readToken(value("HF_TOKEN_PATH") ?? join(home, "token")))) ||
        undefined,
    ),
    endpoint: checkEndpoint("endpoint (HF_ENDPOINT)", options.endpoint ?? value("HF_ENDPOINT")),
    offline,
  };
}

/** The folder of everything Hugging Face keeps for a user. */
function hubHome(environment: Environment): string {
  const cache = environment["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return resolve(expandHome(environment["HF_HOME"] || join(cache, "huggingface")));
}

/** Replaces a leading `~` by the home folder, as shells do. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") || path.startsWith("~\\") ? join(homedir(), path.slice(1)) : path;
}

function isTrue(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(value?.toUpperCase() ?? "");
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(expandHome(path), "utf8")).slice(0, MAX_TOKEN_BYTES);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw new StorageError(path, `the access token ${fileProblem(cause)}`, { cause });
  }
}
