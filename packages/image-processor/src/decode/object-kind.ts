/**
 * The name of a platform object's class, such as `HTMLVideoElement`: unlike `instanceof` it knows objects of other frames, and needs no
 * class that a worker lacks.
 */
export function objectKind(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
