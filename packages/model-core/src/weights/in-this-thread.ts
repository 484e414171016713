import type { ConvertedRows, RowsConverter, RowsRequest } from "./convert-rows.js";

/** Pieces smaller than this take less time than letting others have a turn. */
const MIN_BYTES_FOR_TURN = 2 ** 18;

/** Converts rows in this thread. The code for it is loaded with the first ones: pages whose weights are converted elsewhere do without. */
export async function convertHere(request: RowsRequest): Promise<ConvertedRows> {
  const { convertRows } = await import("./convert-rows.js");
  return convertRows(request);
}

/** Converts in this thread; between large pieces, some milliseconds each, other tasks have their turn. */
export const inThisThread: RowsConverter = {
  async convert(request) {
    if (request.bytes.length >= MIN_BYTES_FOR_TURN) await new Promise<void>((resolve) => setTimeout(resolve, 0));
    return convertHere(request);
  },
};
