import { InvalidArgumentError } from "@smolvlm/contracts";

/** What a user's string names. */
export type ModelReference =
  | {
      readonly kind: "repository";
      /** `org/name`, or `name` for the Hub's oldest repositories. */
      readonly repository: string;
      /** Branch, tag, `refs/pr/1` or commit hash, where the string has one. */
      readonly revision: string | undefined;
    }
  | {
      readonly kind: "url";
      /** Address of a folder of files on any server; ends in a slash. */
      readonly url: string;
    }
  | {
      readonly kind: "folder";
      /** As given; a leading `~` and `file:` URLs are left to the runtime. */
      readonly path: string;
    };

const HUB_HOSTS: readonly string[] = ["huggingface.co", "hf.co"];
const EXPECTED = "a folder, org/name, org/name@revision or an http(s) address";

/**
 * Reads a model reference:
 *
 * - `org/name`, `org/name@revision`, also with `hf://` before it: a repository of the Hub;
 * - `https://huggingface.co/org/name`, also with `/tree/revision` after it, and the same on `endpoint`: that repository;
 * - any other `http:` or `https:` address: a folder of files on a server;
 * - what starts with `/`, `./`, `../`, `~`, `file:` or a drive letter, contains a backslash, or has the wrong shape for a
 *   repository, such as `a/b/c`: a local folder.
 *
 * `models/mine` has the shape of a repository; whether a folder of that name exists is for the runtime to look at first.
 *
 * @param endpoint - address of another server that speaks the Hub's API.
 * @throws InvalidArgumentError when it is empty or a Hub address that names no model.
 */
export function parseModelReference(reference: string, endpoint?: string): ModelReference {
  const text = reference.trim();
  if (text === "") throw invalid("an empty string");
  if (/^https?:\/\//i.test(text)) return parseAddress(text, endpoint);
  const scheme = /^hf:(\/\/)?/.exec(text);
  const name = scheme ? text.slice(scheme[0].length) : text;
  const at = name.indexOf("@");
  const repository = at < 0 ? name : name.slice(0, at);
  const revision = at < 0 ? undefined : name.slice(at + 1);
  if (isRepository(repository) && (revision === undefined || isRevision(revision))) {
    return { kind: "repository", repository, revision };
  }
  if (scheme) throw invalid(text);
  return { kind: "folder", path: text };
}

/**
 * Whether a string can be a branch, tag or commit of a repository: git's rules for names, narrowed to what is also a safe path,
 * since the cache keeps `refs/<revision>`.
 *
 * @internal
 */
export function isRevision(revision: string): boolean {
  return (
    /^[A-Za-z0-9][\w.+\-/]{0,199}$/.test(revision) &&
    revision.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"))
  );
}

/** The Hub's rules: at most 96 characters of letters, digits, `-`, `_`, `.`, without `--` and `..`, and no `-` or `.` at the ends. */
function isRepository(name: string): boolean {
  return (
    /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)?$/.test(name) && name.length <= 96 && !/--|\.\.|[.-](\/|$)/.test(name)
  );
}

function parseAddress(text: string, endpoint: string | undefined): ModelReference {
  if (!URL.canParse(text)) throw invalid(text);
  const url = new URL(text);
  const base = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const basePath = base?.pathname.replace(/\/+$/, "") ?? "";
  const onEndpoint = base?.host === url.host && url.pathname.startsWith(`${basePath}/`);
  if (!onEndpoint && !HUB_HOSTS.includes(url.host)) {
    // A query would have to be repeated for each file; signed addresses are signed for one path only.
    if (url.search !== "") throw invalid(`an address with a query (${url.origin}${url.pathname}?…)`);
    return { kind: "url", url: `${url.origin}${url.pathname.replace(/\/*$/, "/")}` };
  }
  const path = onEndpoint ? url.pathname.slice(basePath.length) : url.pathname;
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodePart);
  const tree = parts.findIndex((part) => part === "tree" || part === "resolve" || part === "blob");
  const repository = (tree < 0 ? parts : parts.slice(0, tree)).join("/");
  if (!isRepository(repository) || ["datasets", "spaces", "api"].includes(parts[0] ?? "")) throw invalid(text);
  const rest = tree < 0 ? [] : parts.slice(tree + 1);
  if (tree < 0) return { kind: "repository", repository, revision: undefined };
  const revision = rest[0] === "refs" ? rest.slice(0, 3).join("/") : (rest[0] ?? "");
  // A folder or file within a repository is not a checkpoint of its own.
  if (revision.split("/").length < rest.length || parts[tree] !== "tree" || !isRevision(revision)) throw invalid(text);
  return { kind: "repository", repository, revision };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(part);
  }
}

function invalid(found: string): InvalidArgumentError {
  return new InvalidArgumentError({ argument: "model", expected: EXPECTED, found });
}
