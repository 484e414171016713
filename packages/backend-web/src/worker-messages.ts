import type { CallMessage, ReplyMessage } from "@smolvlm/backend-common";
import type { EngineOptions } from "./engine-options.js";

/** What a page says to its worker: the options first, then calls, one at a time. */
export type ToWorker = { readonly options: EngineOptions } | CallMessage;

/** What the worker answers; `lost` is the reason when the GPU device is gone. */
export type FromWorker = ReplyMessage & { readonly lost?: string | undefined };
