import { formatBytes, formatDuration, formatNumber } from "../lib/format.js";
import { lastSpeed, lostModel } from "../state/chat.js";
import { cancelLoading, gpuWasThere, modelState, readyModel, reloadModel, type LoadProgress } from "../state/model.js";
import { language, say } from "../state/settings.js";
import { Notice } from "./notice.js";

/** What the model is doing: loading with sizes and time left, or where it runs and how fast. */
export function ModelStatus() {
  const state = modelState.value;
  const words = say.value;
  if (state.kind === "failed") return <Notice problem={state.problem} onRetry={() => void reloadModel()} />;
  if (state.kind === "loading") return <Loading name={state.name} progress={state.progress} />;
  if (state.kind === "none") {
    return (
      <p class="status" role="status">
        {words.noModel}
      </p>
    );
  }
  const { device, memory } = state.model;
  const speed = lastSpeed.value;
  const gpu = lostModel.value === state.model ? words.onLostGpu : words.onGpu;
  return (
    <dl class="status facts" data-device={device.device}>
      <Fact name={words.statusDevice} value={device.device === "webgpu" ? gpu : words.onCpu(device.threads ?? 1)} />
      <Fact name={words.statusMemory} value={formatBytes(memory.weights, language.value)} />
      {speed !== undefined && (
        <Fact name={words.statusSpeed} value={words.tokensPerSecond(formatNumber(speed, language.value))} />
      )}
      <Why />
    </dl>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Why it does not run where and as fast as one would wish. */
function Why() {
  const words = say.value;
  const { fallbackReason, singleThreadReason } = readyModel.value?.device ?? {};
  if (!fallbackReason && !singleThreadReason) return null;
  return (
    <details class="why">
      <summary>{words.why}</summary>
      {fallbackReason && (
        <>
          <p>
            {words.whyNoGpu}: {gpuWasThere.value ? words.gpuFailed : words.noGpu}
          </p>
          {gpuWasThere.value && <code lang="en">{fallbackReason}</code>}
        </>
      )}
      {singleThreadReason && (
        <p>
          {words.whyOneThread}: {crossOriginIsolated ? <span lang="en">{singleThreadReason}</span> : words.notIsolated}
        </p>
      )}
    </details>
  );
}

function Loading({ name, progress }: { readonly name: string; readonly progress: LoadProgress | undefined }) {
  const words = say.value;
  const stages = { download: words.stageDownload, convert: words.stageConvert, load: words.stageLoad } as const;
  const stage = progress && progress.stage in stages ? stages[progress.stage as keyof typeof stages] : words.starting;
  const bytes = (count: number): string => formatBytes(count, language.value);
  const parts = progress
    ? [
        words.progress(bytes(progress.loaded), bytes(progress.total)),
        ...(progress.secondsLeft === undefined ? [] : [words.timeLeft(formatDuration(progress.secondsLeft, words))]),
      ]
    : [];
  return (
    <section class="loading" aria-label={words.loading(name)}>
      <div class="loading-head">
        <strong>{words.loading(name)}</strong>
        <button type="button" class="small quiet" onClick={cancelLoading}>
          {words.cancel}
        </button>
      </div>
      <progress
        aria-label={stage}
        {...(progress ? { value: progress.loaded, max: Math.max(progress.total, 1) } : {})}
      ></progress>
      <p class="hint">{[stage, ...parts].join(" · ")}</p>
    </section>
  );
}
