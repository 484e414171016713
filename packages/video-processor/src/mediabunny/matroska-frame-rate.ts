/** Elements of Matroska by their ids. */
const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;
const DEFAULT_DURATION = 0x23e383;

/** Value of `TRACK_TYPE`. */
const VIDEO = 1;

const NANOSECONDS = 1e9;

/** The greatest numerator and denominator that FFmpeg lets this rate have. */
const MAX_TERM = 30_000;

interface Element {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** A number whose first byte says by its leading zeros how many bytes it has. An id keeps the marker, a size does not. */
function variableNumber(
  bytes: Uint8Array,
  at: number,
  keepMarker: boolean,
): { value: number; end: number } | undefined {
  const first = bytes[at];
  if (first === undefined || first === 0) return undefined;
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return undefined;
  let value = keepMarker ? first : first & (0xff >> length);
  let isUnknown = !keepMarker && value === 0xff >> length;
  for (let i = at + 1; i < at + length; i++) {
    const byte = bytes[i] as number;
    isUnknown &&= byte === 0xff;
    value = value * 256 + byte;
  }
  return { value: isUnknown ? Infinity : value, end: at + length };
}

/** The elements between two places, as far as `bytes` go. */
function* elements(bytes: Uint8Array, from: number, to: number): Generator<Element> {
  for (let at = from; at < Math.min(to, bytes.length);) {
    const id = variableNumber(bytes, at, true);
    const size = id && variableNumber(bytes, id.end, false);
    if (!id || !size) return;
    at = size.end + size.value;
    yield { id: id.value, start: size.end, end: at };
  }
}

function child(bytes: Uint8Array, { start, end }: Pick<Element, "start" | "end">, wanted: number): Element | undefined {
  for (const element of elements(bytes, start, end)) {
    if (element.id === wanted) return element;
    // Tracks come before the frames.
    if (element.id === CLUSTER) return undefined;
  }
  return undefined;
}

function unsigned(bytes: Uint8Array, element: Element | undefined): number | undefined {
  if (element === undefined || element.end > bytes.length || element.end - element.start > 8) return undefined;
  return bytes.subarray(element.start, element.end).reduce((value, byte) => value * 256 + byte, 0);
}

/** The fraction nearest to `numerator / denominator` whose terms are at most `MAX_TERM`, by continued fractions. */
function nearestFraction(numerator: number, denominator: number): number {
  let [before, last] = [
    [0, 1],
    [1, 0],
  ] as [readonly [number, number], readonly [number, number]];
  let [rest, divisor] = [numerator, denominator];
  while (divisor > 0) {
    const whole = Math.floor(rest / divisor);
    const next = [whole * last[0] + before[0], whole * last[1] + before[1]] as const;
    if (next[0] > MAX_TERM || next[1] > MAX_TERM) {
      // The part of the step that still fits, where it comes nearer than no step.
      const part = Math.min(
        whole,
        ...[0, 1].flatMap((i) =>
          last[i] ? [Math.floor((MAX_TERM - (before[i] as number)) / (last[i] as number))] : [],
        ),
      );
      const partial = [part * last[0] + before[0], part * last[1] + before[1]] as const;
      const exact = numerator / denominator;
      const distance = ([n, d]: readonly [number, number]): number => Math.abs(n / d - exact);
      return distance(partial) < distance(last) ? partial[0] / partial[1] : last[0] / last[1];
    }
    [before, last] = [last, next];
    [rest, divisor] = [divisor, rest - whole * divisor];
  }
  return last[0] / last[1];
}

/**
 * The frame rate that a Matroska or WebM file states for its first video track, as FFmpeg (and so the reference) reads it; it does not
 * look at the frames then.
 *
 * @param head the file's first bytes, as far as its tracks
 * @returns frames a second; undefined for other files, and those that state none
 */
export function matroskaFrameRate(head: Uint8Array): number | undefined {
  const all = { start: 0, end: head.length };
  const [first] = elements(head, 0, head.length);
  if (first?.id !== EBML) return undefined;
  const segment = child(head, all, SEGMENT);
  const tracks = segment && child(head, segment, TRACKS);
  if (!tracks) return undefined;
  for (const track of elements(head, tracks.start, tracks.end)) {
    if (track.id !== TRACK_ENTRY || unsigned(head, child(head, track, TRACK_TYPE)) !== VIDEO) continue;
    const nanoseconds = unsigned(head, child(head, track, DEFAULT_DURATION)) ?? 0;
    return nanoseconds > 0 ? nearestFraction(NANOSECONDS, nanoseconds) : undefined;
  }
  return undefined;
}
