/** A thread of `bandwidth`: reads its memory as often as it is told. */
import { openReader } from "../../../apps/cli/src/bench/bandwidth-reader.ts";

const opened = openReader();
globalThis.onmessage = async () => globalThis.postMessage((await opened)());
