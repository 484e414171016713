/** How long a first visit waits for its service worker, milliseconds; without one the page works all the same, online. */
const PATIENCE = 3000;

/** Installs the service worker and waits until it keeps what the page fetches. */
export async function keepOffline(): Promise<void> {
  const { serviceWorker } = navigator as { readonly serviceWorker?: ServiceWorkerContainer };
  if (!import.meta.env.PROD || !serviceWorker) return;
  const controlled = new Promise<void>((resolve) => {
    if (serviceWorker.controller) resolve();
    serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
  });
  const patience = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE));
  try {
    await serviceWorker.register(new URL("service-worker.js", document.baseURI));
    await Promise.race([controlled, patience]);
  } catch {
    // Private windows may refuse.
  }
}
