/* global VERSION, FILES, self, caches, fetch, Headers, Response */
// Serves the page from what was kept, so that it opens without a network, and gives it the two headers that threads need, which static
// hosts seldom let one set. VERSION and FILES are written before it by the build.
const kept = `smolvlm-demo-${VERSION}`;
const files = ["./", ...FILES];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(kept)
      .then((cache) => cache.addAll(files))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names.filter((name) => name.startsWith("smolvlm-demo-") && name !== kept).map((name) => caches.delete(name)),
        ),
      )
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(request.mode === "navigate" ? fresh(request) : known(request));
});

/** The page itself: the newest one, or without a network the kept one. */
async function fresh(request) {
  try {
    return isolated(await fetch(request));
  } catch (error) {
    const found = await (await caches.open(kept)).match("./");
    if (found) return isolated(found);
    throw error;
  }
}

/** Everything else has its content's hash in its name: what is kept is right. */
async function known(request) {
  const cache = await caches.open(kept);
  const found = await cache.match(request.url);
  if (found) return isolated(found);
  const response = await fetch(request);
  // A full disk is no reason not to answer.
  if (response.status === 200) await cache.put(request.url, response.clone()).catch(() => undefined);
  return isolated(response);
}

function isolated(response) {
  if (response.status === 0 || response.type === "opaque") return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
