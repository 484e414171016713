import type { FinishReason } from "./generate-result.js";
import type { GenerationRow } from "./generation-row.js";
import type { GenerationSettings } from "./generation-settings.js";
import { stopStringMatcher } from "./stop-string.js";

/** What decides, after each new token of a row, whether and why the row ends there. */
export function finishReasonOf(settings: GenerationSettings): (row: GenerationRow) => FinishReason | undefined {
  const { decode, stopStrings, stoppingCriteria = [], maxTime = Infinity, startTime } = settings;
  const endsInStopString = decode && stopStrings.length > 0 ? stopStringMatcher(stopStrings, decode) : () => false;
  const eosTokenIds = new Set(settings.eosTokenIds);
  return (row) => {
    const { ids } = row;
    if (eosTokenIds.has(ids[ids.length - 1] as number)) return "stop";
    if (endsInStopString(ids)) return "stop-string";
    if (stoppingCriteria.some((isDone) => isDone(ids, row.row))) return "stopping-criteria";
    if (performance.now() - startTime > maxTime * 1000) return "max-time";
    if (ids.length >= row.maxLength) return "length";
    return undefined;
  };
}
