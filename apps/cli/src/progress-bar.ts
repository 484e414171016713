import cliProgress from "cli-progress";
import type { OnProgress, ProgressEvent } from "@smolvlm/contracts";

const labels: Record<ProgressEvent["stage"], string> = {
  download: "Downloading",
  convert: "Converting weights",
  load: "Loading",
  vision: "Looking",
  prefill: "Reading",
};

/** A progress bar on stderr; one that shows nothing when stderr is not a terminal. */
export interface ProgressBar {
  readonly onProgress: OnProgress;
  /** Removes the bar, so that an answer can follow. */
  clear(): void;
}

/** Shows the stage that is running. A stage that ends at once is never drawn, to keep the terminal still. */
export function progressBar(stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  if (!stream.isTTY) return { onProgress: () => undefined, clear: () => undefined };
  let bar: cliProgress.SingleBar | undefined;
  let shown = "";
  const clear = (): void => {
    bar?.stop();
    bar = undefined;
    shown = "";
  };
  const onProgress: OnProgress = ({ stage, name, loaded, total, unit }) => {
    const key = `${stage} ${name ?? ""}`;
    if (key !== shown) {
      clear();
      if (loaded >= total) return;
      bar = new cliProgress.SingleBar({
        stream,
        format: `${labels[stage]} {bar} {percentage}% {amount} {eta_formatted}`,
        formatTime: timeLeft,
        clearOnComplete: true,
        hideCursor: true,
        stopOnComplete: false,
      });
      bar.start(total, loaded, { amount: "" });
      shown = key;
    }
    bar?.update(loaded, { amount: amount(loaded, total, unit) });
    if (loaded >= total) clear();
  };
  return { onProgress, clear };
}

/** Nothing while too little is known to tell: the library then gives no number. */
function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  return seconds < 90 ? `${Math.ceil(seconds)} s left` : `${Math.ceil(seconds / 60)} min left`;
}

function amount(loaded: number, total: number, unit: ProgressEvent["unit"]): string {
  if (unit !== "bytes") return `${loaded}/${total} ${unit}`;
  return `${formatBytes(loaded)} of ${formatBytes(total)}`;
}

/** Bytes in decimal units, as download pages and disks count them. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${(bytes / 1000 ** power).toFixed(power === 1 ? 0 : 1)} ${units[power - 1] ?? ""}`;
}
