/** Takes the GPU away from a page's workers, as browsers do when a driver is reset. */
import type { Page } from "playwright-core";

/** Put before a worker's script: notes the devices that it asks for. */
const NOTE_DEVICES = `{
  const devices = (globalThis.notedDevices = []);
  const adapter = globalThis.GPUAdapter?.prototype;
  const ask = adapter?.requestDevice;
  if (ask) adapter.requestDevice = async function (...options) {
    const device = await ask.apply(this, options);
    devices.push(device);
    return device;
  };
}
`;
/** Run in a worker: destroys them, and says how many there were. */
const DESTROY_DEVICES = `(() => {
  const devices = (globalThis.notedDevices ?? []).splice(0);
  for (const device of devices) device.destroy();
  return devices.length;
})()`;

/**
 * Lets the GPU devices of workers be destroyed; to be called before the page starts them.
 *
 * @param script which address a worker's script has, as Playwright's `route` takes it.
 * @returns destroys all devices that workers have asked for since, and gives their number.
 */
export async function losableGpu(page: Page, script: string): Promise<() => Promise<number>> {
  await page.route(script, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: NOTE_DEVICES + (await response.text()) });
  });
  return async () => {
    const counts = await Promise.all(page.workers().map((worker) => worker.evaluate<number>(DESTROY_DEVICES)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
}
