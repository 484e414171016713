import { MediaError } from "@smolvlm/contracts";
import type { EncodedPacketSink } from "mediabunny";

/** Most packets of a track: 23 hours at 60 frames a second. */
const MAX_PACKETS = 5_000_000;

/** A video's packets that are shown and whose bytes are there, and how long they are. */
export interface PacketTable {
  /** Seconds, ascending, never rounded: a rounded time would mean the frame before. */
  readonly times: readonly number[];
  /** Seconds that each of them lasts, in no particular order. */
  readonly durations: readonly number[];
  /** Seconds from the file's start to the end of the last one; 0 where there is none. */
  readonly end: number;
  /** Whether the table names packets whose bytes are not in the file. */
  readonly truncated: boolean;
}

/** How many packets, in the file's order, have all their bytes; those after the first that has not have not either. */
async function readableCount(sink: EncodedPacketSink, order: readonly number[]): Promise<number> {
  const isThere = async (index: number): Promise<boolean> => {
    try {
      return (await sink.getPacket(order[index] as number)) !== null;
    } catch {
      return false;
    }
  };
  if (order.length === 0 || (await isThere(order.length - 1))) return order.length;
  let low = 0;
  let high = order.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await isThere(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The packets of a track, without their contents. An MP4 has its table at one place: cut off behind it, it still names every frame.
 *
 * @throws MediaError when there are too many.
 */
export async function readPacketTable(
  sink: EncodedPacketSink,
  media: string,
  signal: AbortSignal | undefined,
): Promise<PacketTable> {
  const order: number[] = [];
  const lengths: number[] = [];
  for await (const { timestamp, duration } of sink.packets(undefined, undefined, { metadataOnly: true })) {
    signal?.throwIfAborted();
    lengths.push(duration);
    if (order.push(timestamp) > MAX_PACKETS)
      throw new MediaError(media, `has more than ${MAX_PACKETS} frames, which is the limit.`);
  }
  const count = await readableCount(sink, order);
  const times: number[] = [];
  const durations: number[] = [];
  let end = 0;
  for (let i = 0; i < count; i++) {
    const [time, duration] = [order[i] as number, lengths[i] as number];
    if (time < 0) continue; // Before the start of an edit list: decoded, not shown.
    times.push(time);
    durations.push(duration);
    end = Math.max(end, time + duration);
  }
  times.sort((a, b) => a - b);
  return { times, durations, end, truncated: count < order.length };
}
