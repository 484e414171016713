import { engineBackend, inlineLink } from "@smolvlm/backend-common";
import { InvalidArgumentError, type Backend, type QuantizedMatMul } from "@smolvlm/contracts";
import { adviceFor } from "./advice-for.js";
import type { EngineOptions, WasmPaths, WebDevice } from "./engine-options.js";
import { hasFloat16 } from "./has-float16.js";
import { placeArrays, placeStored } from "./place-weights.js";
import { verifyBackend } from "./verify-backend.js";
import { workerLink } from "./worker-link.js";

/** More threads than this gain nothing on the small matrices of one token. */
const MAX_DEFAULT_THREADS = 4;

/** On WASM `MatMulNBits` is ten times slower than fp32; WebGPU has no integer products. */
const onWasm: QuantizedMatMul = { blockwise: false, rowwiseBits: 8 };
const onGpu: QuantizedMatMul = { blockwise: true, rowwiseBits: 0 };

/** Options of {@link webBackend}. */
export interface WebBackendOptions {
  /** Where kernels run; `auto` (default) takes WebGPU where it gives right numbers, else WASM. */
  readonly device?: WebDevice | "auto" | undefined;
  /** Threads of one operator, at least 1; by default up to 4. They need a cross-origin isolated page and `wasmPaths`. */
  readonly threads?: number | undefined;
  /** Whether to run in a web worker (default true), or a function that makes one which runs `@smolvlm/backend-web/worker`. */
  readonly worker?: boolean | (() => Worker) | undefined;
  /**
   * URLs of ONNX Runtime's files; by default they are where the bundler put them. WebGPU has two builds: `jspi` is taken where the
   * browser can suspend WebAssembly, `webgpu` elsewhere, or where it alone is given.
   */
  readonly wasmPaths?: Readonly<Partial<Record<WebDevice | "jspi", WasmPaths>>> | undefined;
  /** Least severe message of ONNX Runtime for the console: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal (default). */
  readonly logSeverity?: 0 | 1 | 2 | 3 | 4 | undefined;
  /**
   * Whether operators that WebGPU does not have may run on the CPU, which each time waits for the GPU; true by default. The graphs of
   * model-core have none: they load with `false` too.
   */
  readonly cpuFallback?: boolean | undefined;
}

/** A {@link Backend} in a browser, and what became of the wishes. */
export interface WebBackend extends Backend {
  readonly device: WebDevice;
  /** Threads of one operator. */
  readonly threads: number;
  /** Why `auto` did not take WebGPU; undefined when it did, or was not asked. */
  readonly fallbackReason: string | undefined;
  /** Why there is only one thread; undefined where there are several, or one was asked for, or the device is WebGPU. */
  readonly singleThreadReason: string | undefined;
}

/**
 * A backend on onnxruntime-web, once a tiny graph has run on it and given the right numbers. All its sessions share one worker.
 *
 * @throws BackendError when the device asked for cannot be used, or with `auto` WASM cannot either.
 * @throws InvalidArgumentError when `threads` is not a positive integer.
 */
export async function webBackend(options: WebBackendOptions = {}): Promise<WebBackend> {
  const { device = "auto", threads } = options;
  if (threads !== undefined && (!Number.isSafeInteger(threads) || threads < 1)) {
    throw new InvalidArgumentError({
      argument: "threads",
      expected: "a whole number of at least 1",
      found: String(threads),
    });
  }
  if (device !== "auto") return open(device, options, undefined);
  try {
    return await open("webgpu", options, undefined);
  } catch (error) {
    return open("wasm", options, error instanceof Error ? error.message : String(error));
  }
}

async function open(
  device: WebDevice,
  options: WebBackendOptions,
  fallbackReason: string | undefined,
): Promise<WebBackend> {
  const build = device === "wasm" ? "wasm" : gpuBuild(options.wasmPaths);
  const paths = options.wasmPaths?.[build === "asyncify" ? "webgpu" : build];
  const singleThreadReason = device === "wasm" && options.threads !== 1 ? whySingleThread(paths) : undefined;
  const wanted = options.threads ?? Math.min(MAX_DEFAULT_THREADS, navigator.hardwareConcurrency);
  const threads = device === "webgpu" || singleThreadReason !== undefined ? 1 : wanted;
  const name = `onnxruntime-web (${device}${device === "wasm" ? `, ${threads} thread${threads === 1 ? "" : "s"}` : ""})`;
  const engine: EngineOptions = {
    device,
    build,
    threads,
    paths,
    logSeverity: options.logSeverity ?? 4,
    cpuFallback: options.cpuFallback ?? true,
  };
  const { worker = true } = options;
  // Written in one expression, as bundlers look for it.
  const standard = (): Worker => new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const link =
    worker === false
      ? inlineLink(async () => (await import("./web-engine.js")).webEngine(engine))
      : workerLink(name, engine, worker === true ? standard : worker);
  const backend = engineBackend({
    name,
    target: {
      device,
      keyValueCache: device === "webgpu" ? "in-place" : "new-rows",
      float16: device === "webgpu" && (await hasFloat16()),
      quantizedMatMul: device === "webgpu" ? onGpu : onWasm,
    },
    link,
    place: worker === false ? placeArrays : placeStored,
    adviceFor,
  });
  try {
    await verifyBackend(backend);
  } catch (error) {
    await backend[Symbol.asyncDispose]();
    throw error;
  }
  return { ...backend, device, threads, fallbackReason, singleThreadReason };
}

/** The build for WebGPU that this browser can run, of those whose files are given. */
function gpuBuild(paths: WebBackendOptions["wasmPaths"]): "jspi" | "asyncify" {
  const canSuspend = "Suspending" in WebAssembly;
  return canSuspend && (paths?.jspi ?? !paths?.webgpu) ? "jspi" : "asyncify";
}

function whySingleThread(paths: WasmPaths | undefined): string | undefined {
  if (!globalThis.crossOriginIsolated) {
    return "the page is not cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  }
  // Without them ONNX Runtime starts its threads from the application's own script, and loading never ends.
  return paths ? undefined : "`wasmPaths.wasm` is not given, which threads need";
}
