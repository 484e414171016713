import { computed, signal } from "@preact/signals";
import { nanoModelUrls } from "@smolvlm/nano";
import {
  fetchModelFiles,
  loadSmolVLM,
  type ModelFiles,
  type ProgressEvent,
  type SmolVLM,
  type WebModelReference,
} from "smolvlm";
import { hasGpu } from "../lib/has-gpu.js";
import { isAbort, problemOf, type Problem } from "../lib/problem.js";
import { TimeLeft } from "../lib/time-left.js";
import { wasmPaths } from "../lib/wasm-paths.js";
import { notice } from "./notice.js";

/** Where a model comes from. */
export type ModelSource =
  | { readonly kind: "bundled" }
  | { readonly kind: "hub"; readonly repository: string; readonly token?: string | undefined }
  | { readonly kind: "folder"; readonly name: string; readonly files: readonly File[] };

/** What is to be loaded, and how. */
export interface ModelChoice {
  readonly source: ModelSource;
  readonly dtype: "auto" | "fp32" | "q8" | "q4";
  readonly device: "auto" | "webgpu" | "wasm";
}

/** How far loading is. */
export interface LoadProgress {
  readonly stage: ProgressEvent["stage"];
  readonly loaded: number;
  readonly total: number;
  readonly secondsLeft: number | undefined;
}

/** The model of this page. */
export type ModelState =
  | { readonly kind: "none" }
  | { readonly kind: "loading"; readonly name: string; readonly progress: LoadProgress | undefined }
  | { readonly kind: "ready"; readonly name: string; readonly model: SmolVLM }
  | { readonly kind: "failed"; readonly name: string; readonly problem: Problem };

const bundled: ModelChoice = { source: { kind: "bundled" }, dtype: "fp32", device: "auto" };

/** What was chosen last. */
export const choice = signal<ModelChoice>(bundled);
/** What became of it. */
export const modelState = signal<ModelState>({ kind: "none" });
/** Whether the browser gave a GPU to try, when a model was loaded last. */
export const gpuWasThere = signal(false);
/** The model, when it is ready. */
export const readyModel = computed(() => (modelState.value.kind === "ready" ? modelState.value.model : undefined));

const query = new URLSearchParams(location.search);
/** A mirror of the Hub, where the page's address names one: `?endpoint=https://mirror.example`. */
const endpoint = query.get("endpoint");
let loading: AbortController | undefined;

/** What people call a model. */
export function nameOf(source: ModelSource): string {
  if (source.kind === "bundled") return "nano";
  return source.kind === "hub" ? source.repository : source.name;
}

/** Loads a model in the place of the present one, which is freed first: two seldom fit. */
export async function loadModel(next: ModelChoice): Promise<void> {
  loading?.abort();
  const controller = new AbortController();
  loading = controller;
  const { signal: aborted } = controller;
  const before = readyModel.value;
  const name = nameOf(next.source);
  choice.value = next;
  modelState.value = { kind: "loading", name, progress: undefined };
  await before?.[Symbol.asyncDispose]().catch(() => undefined);
  try {
    const model = await open(next, name, aborted);
    if (aborted.aborted) return await model[Symbol.asyncDispose]();
    modelState.value = { kind: "ready", name, model };
  } catch (error) {
    if (loading !== controller) return;
    modelState.value = isAbort(error) ? { kind: "none" } : { kind: "failed", name, problem: problemOf(error) };
  }
}

/** Loads the same model again, on another device if that is said. */
export function reloadModel(device = choice.value.device): Promise<void> {
  return loadModel({ ...choice.value, device });
}

/** Loads the model that comes with the page. */
export function loadBundled(): Promise<void> {
  return loadModel(bundled);
}

/** Loads what a visit begins with: the model that the page's address names, `?model=organisation/name`, else the one that comes with it. */
export function loadFirst(): Promise<void> {
  const repository = query.get("model");
  return loadModel(repository ? { ...bundled, source: { kind: "hub", repository }, dtype: "auto" } : bundled);
}

/** Ends loading. */
export function cancelLoading(): void {
  loading?.abort();
}

async function open({ source, dtype, device }: ModelChoice, name: string, aborted: AbortSignal): Promise<SmolVLM> {
  let left = new TimeLeft();
  let stage: ProgressEvent["stage"] | undefined;
  const onProgress = (event: ProgressEvent): void => {
    if (aborted.aborted || modelState.value.kind !== "loading") return;
    if (event.stage !== stage) left = new TimeLeft();
    stage = event.stage;
    const secondsLeft = left.update(event.loaded, event.total, performance.now());
    modelState.value = { kind: "loading", name, progress: { ...event, secondsLeft } };
  };
  const options = { signal: aborted, onProgress };
  const withGpu = device !== "wasm" && (await hasGpu());
  gpuWasThere.value = withGpu;
  return await loadSmolVLM(await filesOf(source, options), {
    ...options,
    dtype,
    device,
    wasmPaths: await wasmPaths(withGpu),
    onFallback: (reason) => {
      notice.value = { sentence: "errorQuota", ways: ["chooseModel"], details: reason };
    },
    ...(endpoint ? { endpoint } : {}),
    ...(source.kind === "hub" && source.token ? { token: source.token } : {}),
  });
}

async function filesOf(
  source: ModelSource,
  options: { readonly signal: AbortSignal; readonly onProgress: (event: ProgressEvent) => void },
): Promise<ModelFiles | WebModelReference> {
  if (source.kind === "bundled") return await fetchModelFiles(nanoModelUrls, { ...options, id: "nano" });
  return source.kind === "hub" ? source.repository : source.files;
}
