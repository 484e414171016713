import type { Combination, Measured, Parameters } from "./choose-formats.mjs";

/** What `measured.json` holds. */
export interface MeasuredFormats {
  readonly parameters: Parameters;
  readonly scenes: number;
  readonly devices: Readonly<Record<string, readonly Measured[]>>;
}

export function choices(measured: MeasuredFormats): Readonly<Record<string, Combination>>;
export function autoFormatsModule(chosen: Readonly<Record<string, Combination>>): string;
export function reportFormats(measured: MeasuredFormats): string;
