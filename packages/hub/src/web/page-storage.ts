import { opfsPieceStore } from "./opfs-piece-store.js";
import { isOutOfRoom, type PieceStore } from "./piece-store.js";

/** Where a page may keep bytes: the best that the browser offers, or none, and then why. */
export interface PageStorage {
  readonly store: PieceStore | undefined;
  /** Why it is not the private file system; undefined where it is. */
  readonly reason: string | undefined;
}

/** The private file system, else the Cache API, else nothing. Each call tries anew, as a page may be allowed more later. */
export async function pageStorage(): Promise<PageStorage> {
  try {
    return { store: await opfsPieceStore(), reason: undefined };
  } catch (noFiles) {
    const reason = `the browser's private file system cannot be used (${textOf(noFiles)})`;
    try {
      return { store: await cacheStore(), reason };
    } catch (noCache) {
      return { store: undefined, reason: `${reason}, nor its cache (${textOf(noCache)})` };
    }
  }
}

/** The Cache API's store, whose code few browsers need. */
export async function cacheStore(): Promise<PieceStore> {
  return (await import("./cache-piece-store.js")).cachePieceStore();
}

/** Why bytes could not be written, in words for the person in front of the page. */
export function storageProblem(error: unknown): string {
  return isOutOfRoom(error)
    ? "the browser has no room left for this site"
    : `the browser cannot store it (${textOf(error)})`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
