import { createEngine, type EngineOperations, type OnnxRuntime } from "@smolvlm/backend-common";
import { BackendError, SmolVLMError } from "@smolvlm/contracts";
import type { TensorConstructor, TensorFactory } from "onnxruntime-web/wasm";
import { DeviceLostError } from "./device-lost-error.js";
import type { EngineOptions } from "./engine-options.js";
import type { GpuDevice } from "./gpu-key-values.js";
import { openStored, type OpenBytes } from "./stored-bytes.js";

/** The parts of onnxruntime-web's module that are used beside sessions and tensors. */
interface WebRuntime extends OnnxRuntime {
  readonly Tensor: TensorConstructor & TensorFactory;
  readonly env: {
    readonly wasm: { numThreads?: number | undefined; wasmPaths?: unknown };
    readonly webgpu: { readonly device?: unknown };
    logLevel?: unknown;
  };
}

/** The part of a `GPUDevice` that is watched. */
interface LosableDevice {
  readonly lost: Promise<{ readonly reason?: string | undefined; readonly message: string }>;
}

/** Builds of ONNX Runtime. */
const runtimes: Readonly<Record<EngineOptions["build"], () => Promise<WebRuntime>>> = {
  wasm: () => import("onnxruntime-web/wasm"),
  jspi: () => import("onnxruntime-web/jspi"),
  asyncify: () => import("onnxruntime-web/webgpu"),
};

const logLevels = ["verbose", "info", "warning", "error", "fatal"] as const;

/**
 * An engine on onnxruntime-web, in this thread. Never its default build, whose WebGPU kernels give wrong numbers.
 *
 * @throws DeviceLostError from every operation once the GPU device is lost.
 */
export async function webEngine(options: EngineOptions): Promise<EngineOperations> {
  const name = `onnxruntime-web (${options.device})`;
  const gpu = options.device === "webgpu";
  const ort: WebRuntime = await runtimes[options.build]();
  ort.env.wasm.numThreads = options.threads;
  if (options.paths) ort.env.wasm.wasmPaths = { ...options.paths };
  ort.env.logLevel = logLevels[options.logSeverity];
  let lost: DeviceLostError | undefined;
  /** Why nothing more can be asked of it. */
  let broken: BackendError | undefined;
  /** The sessions on each device: ONNX Runtime itself destroys one when its last session is released, and makes another. */
  const sessionsOn = new Map<LosableDevice, Set<number>>();

  async function watch(session: number): Promise<void> {
    const device = (await ort.env.webgpu.device) as LosableDevice;
    const sessions = sessionsOn.get(device) ?? new Set();
    sessions.add(session);
    if (sessionsOn.has(device)) return;
    sessionsOn.set(device, sessions);
    void device.lost.then(({ reason, message }) => {
      sessionsOn.delete(device);
      if (sessions.size > 0) lost = new DeviceLostError(name, message || (reason ?? "no reason given"));
    });
  }

  /** Why a weight of the session being created could not be read. */
  let unreadable: unknown;
  /** What it reads its weights from. */
  let open: readonly OpenBytes[] = [];
  const engine = createEngine({
    name,
    ort,
    sessionOptions: ({ weights, stored = [] }) => ({
      executionProviders: [options.device],
      graphOptimizationLevel: "all",
      logSeverityLevel: options.logSeverity,
      externalData: [
        ...weights.map(({ location, data }) => ({ path: location, data })),
        ...stored.map(({ location }, index) => ({ path: location, data: (open[index] as OpenBytes).data })),
      ],
      extra: { session: { disable_cpu_ep_fallback: options.cpuFallback ? "0" : "1" } },
    }),
    createKeyValues: gpu
      ? async (session, layout, batch) => {
          const device = (await ort.env.webgpu.device) as GpuDevice;
          // Pages on WASM do without it.
          const { GpuKeyValues } = await import("./gpu-key-values.js");
          return GpuKeyValues.create({ name, device, Tensor: ort.Tensor }, session, layout, batch);
        }
      : undefined,
  });

  function guard<Request, Reply>(
    operation: (request: Request) => Promise<Reply>,
  ): (request: Request) => Promise<Reply> {
    return async (request) => {
      if (lost ?? broken) throw lost ?? broken;
      try {
        return await operation(request);
      } catch (error) {
        throw lost ?? error;
      }
    };
  }

  return {
    create: guard(async (request) => {
      unreadable = undefined;
      open = await Promise.all(
        (request.stored ?? []).map((each) => openStored(each, (problem) => (unreadable = problem))),
      );
      const info = await engine
        .create(request)
        .catch((error: unknown) => {
          if (unreadable === undefined) throw error;
          const problem = "weights were changed or deleted while they were read; load the model again.";
          throw new BackendError(name, problem, { cause: unreadable });
        })
        .finally(() => open.forEach((bytes) => bytes.close()));
      if (gpu) await watch(info.session);
      return info;
    }),
    // Also of a lost device: ONNX Runtime makes another only when the last session on it is gone.
    async release(request) {
      for (const sessions of sessionsOn.values()) sessions.delete(request.session);
      await engine.release(request);
    },
    run: guard(async (request) => {
      try {
        return await engine.run(request);
      } catch (error) {
        // The build for browsers that cannot suspend WebAssembly never answers again after a kernel has failed.
        if (options.build === "asyncify" && !SmolVLMError.isInstance(error)) {
          const problem =
            "a run failed before, after which this build of ONNX Runtime cannot go on; create a new backend.";
          broken = new BackendError(name, problem, { cause: error });
        }
        throw error;
      }
    }),
    createCache: guard((request) => engine.createCache(request)),
    rewindCache: guard((request) => engine.rewindCache(request)),
    forkCache: guard((request) => engine.forkCache(request)),
    disposeCache: (request) => engine.disposeCache(request),
  };
}
