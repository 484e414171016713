import type { Mediabunny } from "../mediabunny/mediabunny.js";

let loading: Promise<Mediabunny | undefined> | undefined;

async function load(): Promise<Mediabunny | undefined> {
  try {
    const [module, server] = await Promise.all([import("mediabunny"), import("@mediabunny/server")]);
    server.registerMediabunnyServer();
    return module;
  } catch {
    return undefined;
  }
}

/** The optional peers `mediabunny` and `@mediabunny/server`, loaded once; undefined where one is missing or has no binary here. */
export function loadMediabunny(): Promise<Mediabunny | undefined> {
  return (loading ??= load());
}
