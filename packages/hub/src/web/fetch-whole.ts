import type { FetchRangeOptions } from "../remote/fetch-range.js";
import { transfer, type TransferSink } from "../remote/transfer.js";
import { PIECE_BYTES } from "./piece-store.js";
import type { RemoteFileInit } from "./remote-file.js";

/**
 * Fetches a file from a server that knows no ranges, and keeps its pieces as they pass. When the connection breaks it starts again;
 * pieces that are kept are not written twice.
 *
 * @throws FileIntegrityError or HubError as {@link transfer}.
 */
export async function fetchWhole(
  { client, source, pieces }: Pick<RemoteFileInit, "client" | "source" | "pieces">,
  { signal, onBytes }: FetchRangeOptions,
): Promise<void> {
  const kept = new Set(await pieces.indices());
  const lengthOf = (index: number): number => Math.max(0, Math.min(PIECE_BYTES, source.size - index * PIECE_BYTES));
  let piece = new Uint8Array(lengthOf(0));
  let position = 0;
  /** Bytes reported that are not kept yet. */
  let reported = 0;
  const sink: TransferSink = {
    get position() {
      return position;
    },
    async write(bytes) {
      for (let done = 0; done < bytes.length;) {
        const index = Math.floor(position / PIECE_BYTES);
        const at = position - index * PIECE_BYTES;
        const taken = Math.min(bytes.length - done, piece.length - at);
        piece.set(bytes.subarray(done, done + taken), at);
        done += taken;
        position += taken;
        if (!kept.has(index)) {
          onBytes?.(taken);
          reported += taken;
        }
        if (at + taken < piece.length) continue;
        if (!kept.has(index)) await pieces.write(index, piece, true);
        kept.add(index);
        reported = 0;
        piece = new Uint8Array(lengthOf(index + 1));
      }
    },
    async restart() {
      if (reported > 0) onBytes?.(-reported);
      reported = 0;
      position = 0;
      piece = new Uint8Array(lengthOf(0));
    },
  };
  await transfer(client, source, sink, signal);
}
