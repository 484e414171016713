import { nameOfPart, pathPart, type PieceAddress, type PieceStore } from "./piece-store.js";

/** Name of the cache, and the address under which pieces are in it: a host that cannot exist. */
const CACHE = "smolvlm";
const BASE = "https://smolvlm.invalid/";

/**
 * Pieces as entries of the Cache API, for browsers whose private file system a page cannot write.
 *
 * @throws what the browser throws where it has no Cache API, as on pages that are not served securely.
 */
export async function cachePieceStore(): Promise<PieceStore> {
  const cache = await caches.open(CACHE);
  const addressOf = ({ model, entry, piece }: PieceAddress): string =>
    BASE + [model, entry, piece].map(pathPart).join("/");

  /** Everything stored, or all that begins with these names, as names. */
  async function list(...start: readonly string[]): Promise<readonly (readonly [Request, readonly string[]])[]> {
    const prefix = `${BASE}${start.map((name) => `${pathPart(name)}/`).join("")}`;
    return (await cache.keys())
      .filter(({ url }) => url.startsWith(prefix))
      .map((request) => [request, request.url.slice(BASE.length).split("/").map(nameOfPart)]);
  }

  return {
    kind: "cache",
    read: async (address) => (await cache.match(addressOf(address)))?.blob(),
    async write(address, bytes) {
      const headers = { "Content-Length": String(bytes.byteLength) };
      await cache.put(addressOf(address), new Response(bytes, { headers }));
    },
    async pieces(model, entry) {
      const sizes = new Map<string, { readonly size: number }>();
      for (const [request, [, , piece = ""]] of await list(model, entry)) {
        const length = (await cache.match(request))?.headers.get("Content-Length");
        if (length) sizes.set(piece, { size: Number(length) });
      }
      return sizes;
    },
    entries: async (model) => [...new Set((await list(model)).map(([, [, entry = ""]]) => entry))],
    models: async () => [...new Set((await list()).map(([, [model = ""]]) => model))],
    async remove(model, entry) {
      const names = entry === undefined ? [model] : [model, entry];
      for (const [request] of await list(...names)) await cache.delete(request);
    },
  };
}
