import { createEngine, type EngineOperations, type OnnxRuntime } from "@smolvlm/backend-common";
import { DeviceLostError } from "./device-lost-error.js";
import type { EngineOptions } from "./engine-options.js";

/** The parts of onnxruntime-web's module that are used beside sessions and tensors. */
interface WebRuntime extends OnnxRuntime {
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

const logLevels = ["verbose", "info", "warning", "error", "fatal"] as const;

/**
 * An engine on onnxruntime-web, in this thread. Never its default build, whose WebGPU kernels give wrong numbers.
 *
 * @throws DeviceLostError from every operation once the GPU device is lost.
 */
export async function webEngine(options: EngineOptions): Promise<EngineOperations> {
  const name = `onnxruntime-web (${options.device})`;
  const gpu = options.device === "webgpu";
  const ort: WebRuntime = gpu ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  ort.env.wasm.numThreads = options.threads;
  if (options.paths) ort.env.wasm.wasmPaths = { ...options.paths };
  ort.env.logLevel = logLevels[options.logSeverity];
  let lost: DeviceLostError | undefined;
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

  const engine = createEngine({
    name,
    ort,
    sessionOptions: ({ weights }) => ({
      executionProviders: [options.device],
      graphOptimizationLevel: "all",
      logSeverityLevel: options.logSeverity,
      externalData: weights.map(({ location, data }) => ({ path: location, data })),
      extra: { session: { disable_cpu_ep_fallback: options.cpuFallback ? "0" : "1" } },
    }),
  });

  function guard<Request, Reply>(
    operation: (request: Request) => Promise<Reply>,
  ): (request: Request) => Promise<Reply> {
    return async (request) => {
      if (lost) throw lost;
      try {
        return await operation(request);
      } catch (error) {
        throw lost ?? error;
      }
    };
  }

  return {
    create: guard(async (request) => {
      const info = await engine.create(request);
      if (gpu) await watch(info.session);
      return info;
    }),
    release: guard(async (request) => {
      for (const sessions of sessionsOn.values()) sessions.delete(request.session);
      await engine.release(request);
    }),
    run: guard((request) => engine.run(request)),
    createCache: guard((request) => engine.createCache(request)),
    rewindCache: guard((request) => engine.rewindCache(request)),
    forkCache: guard((request) => engine.forkCache(request)),
    disposeCache: (request) => engine.disposeCache(request),
  };
}
