import type { OnProgress } from "@smolvlm/contracts";
import { Checksum } from "./checksum.js";
import { checkConversion } from "./conversion-bounds.js";
import type { ConversionRecord } from "./conversion-record.js";
import { convertParameter } from "./convert-parameter.js";
import type { RowsConverter } from "./convert-rows.js";
import { startedEarly } from "./started-early.js";
import { aligned, type StoredLayout } from "./stored-layout.js";
import type { StoredParameter } from "./stored-parameter.js";

/** What a conversion made. */
export type ConversionReport = Pick<ConversionRecord, "worst" | "checksum">;

/** What the stream needs to know. */
export interface ConvertedStreamOptions {
  /** Names the graph, in progress events. */
  readonly name: string;
  /** Names the checkpoint, in errors. */
  readonly model: string;
  readonly converter?: RowsConverter | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Called at the end. */
  readonly onReport: (report: ConversionReport) => void;
}

/**
 * The bytes of stored weights as `layout` has them, converted as they are asked for.
 *
 * @throws QuantizationError when a format loses too much of a weight; ModelFileError; the signal's reason.
 */
export async function* convertedStream(
  stored: readonly StoredParameter[],
  { size: total }: StoredLayout,
  { name, model, converter, signal, onProgress, onReport }: ConvertedStreamOptions,
): AsyncGenerator<Uint8Array> {
  const checksum = new Checksum();
  const worst: Record<string, { tensor: string; rms: number; mean: number }> = {};
  let loaded = 0;
  onProgress?.({ stage: "convert", name, loaded, total, unit: "bytes" });
  const convert = (each: StoredParameter): AsyncGenerator<Uint8Array> =>
    convertParameter(each, {
      converter,
      signal,
      onConverted: (error, parameter) => {
        const { format } = each;
        const lost = checkConversion(parameter.numbers?.file.file ?? model, parameter.key, format, error);
        if (lost.rms >= (worst[format]?.rms ?? 0)) worst[format] = { tensor: parameter.key, ...lost };
      },
    });
  const ends = stored.flatMap(({ parts }) => parts.map(({ byteLength }) => byteLength));
  let inPart = 0;
  for await (const piece of startedEarly(stored, convert)) {
    checksum.add(piece);
    yield piece;
    inPart += piece.byteLength;
    loaded += piece.byteLength;
    // The bytes come as one stream; the padding belongs between its parts.
    if (inPart === ends[0]) {
      const gap = new Uint8Array(aligned(inPart) - inPart);
      checksum.add(gap);
      if (gap.length > 0) yield gap;
      loaded += gap.length;
      inPart = 0;
      ends.shift();
    }
    onProgress?.({ stage: "convert", name, loaded, total, unit: "bytes" });
  }
  onReport({ worst, checksum: checksum.text });
}
