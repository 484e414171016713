import { convertRows, type RowsConverter } from "./convert-rows.js";

/** Pieces smaller than this take less time than letting others have a turn. */
const MIN_BYTES_FOR_TURN = 2 ** 18;

/** Converts in this thread; between large pieces, some milliseconds each, other tasks have their turn. */
export const inThisThread: RowsConverter = {
  async convert(request) {
    if (request.bytes.length >= MIN_BYTES_FOR_TURN) await new Promise<void>((resolve) => setTimeout(resolve, 0));
    return convertRows(request);
  },
};
