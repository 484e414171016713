/** Greatest magnitude that rounds to a finite float16. */
const GREATEST = 65520;

const view = new Float32Array(1);
const bits = new Uint32Array(view.buffer);

/** float32 → the bit patterns of the nearest float16, ties to even (IEEE 754-2008 §4.3.1); too large becomes infinite. */
export function narrow(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let index = 0; index < values.length; index++) halves[index] = toHalf(values[index] as number);
  return halves;
}

function toHalf(value: number): number {
  view[0] = value;
  const sign = ((bits[0] as number) >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (!(magnitude < GREATEST)) return Number.isNaN(value) ? 0x7e00 : sign | 0x7c00;
  // Below 2⁻¹⁴ the steps are 2⁻²⁴ apart.
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
  const exponent = (((bits[0] as number) >>> 23) & 0xff) - 127;
  const fraction = (bits[0] as number) & 0x7fffff;
  // Rounding up may carry into the exponent, which is as it should be.
  const rounded = (fraction >>> 13) + roundingOf(fraction);
  return sign | (((exponent + 15) << 10) + rounded);
}

/** 1 where the 13 bits that are dropped round up, ties to even. */
function roundingOf(fraction: number): number {
  const dropped = fraction & 0x1fff;
  if (dropped !== 0x1000) return dropped > 0x1000 ? 1 : 0;
  return (fraction >>> 13) & 1;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest > 0.5 ? floor + 1 : floor;
  return floor + (floor & 1);
}
