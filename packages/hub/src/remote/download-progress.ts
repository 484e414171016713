import type { OnProgress } from "@smolvlm/contracts";

/** Milliseconds between two events; the first and the last always come. */
const INTERVAL = 50;

/** Turns byte counts of parallel downloads into progress events with one total. */
export interface DownloadProgress {
  /** Reports that `count` more bytes of `name` are there; negative when some had to be thrown away. */
  add(name: string, count: number): void;
}

/** Progress over `total` bytes; announces the total at once. */
export function downloadProgress(onProgress: OnProgress | undefined, total: number): DownloadProgress {
  let done = 0;
  let last = Date.now();
  const emit = (name?: string): void => onProgress?.({ stage: "download", name, loaded: done, total, unit: "bytes" });
  emit();
  return {
    add(name, count) {
      done += count;
      const now = Date.now();
      if (now - last < INTERVAL && done < total) return;
      last = now;
      emit(name);
    },
  };
}
