import type { ModelReport } from "smolvlm";
import type { MachineLimits } from "./machine-limits.js";
import type { ModelTimes } from "./measure-model.js";
import type { LoadTimes } from "./model-probe.js";

/** What `smolvlm bench` found for one format. */
export interface BenchResult {
  readonly dtype: string;
  /** What that became on the device. */
  readonly formats: ModelReport["auto"];
  readonly load: LoadTimes;
  readonly times: ModelTimes;
  /** Most memory the process has held, bytes. */
  readonly peak: number;
  /** Shares of the machine's limits, 0 to 1, where they are known. */
  readonly shares: {
    readonly vision?: number | undefined;
    readonly prefill: readonly (number | undefined)[];
    readonly decode: readonly (number | undefined)[];
  };
}

/** What `smolvlm bench --json` prints. */
export interface BenchReport {
  readonly model: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly threads: number;
    readonly device: string;
  };
  readonly limits: MachineLimits;
  readonly results: readonly BenchResult[];
}
