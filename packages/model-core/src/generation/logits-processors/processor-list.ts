import type { GenerationSettings } from "../generation-settings.js";
import type { LogitsProcessor } from "./logits-processor.js";

/** A processor and the option that asks for it. */
export interface RequestedProcessor {
  readonly option: keyof GenerationSettings;
  readonly process: LogitsProcessor;
}

/** Adds the processor of `option`, if it is set and not the value that changes nothing. */
export type AddProcessor = <Name extends keyof GenerationSettings>(
  option: Name,
  create: (value: NonNullable<GenerationSettings[Name]>) => LogitsProcessor,
  neutral?: GenerationSettings[Name],
) => void;

/** A list of processors that grows by what settings ask for. */
export function processorList(settings: GenerationSettings): { requested: RequestedProcessor[]; add: AddProcessor } {
  const requested: RequestedProcessor[] = [];
  const add: AddProcessor = (option, create, neutral) => {
    const value = settings[option];
    if (value !== undefined && value !== null && value !== neutral) requested.push({ option, process: create(value) });
  };
  return { requested, add };
}
