/** Whole seconds as Python's `str(timedelta(seconds=…))` writes them: `0:01:06`, `1 day, 0:00:05`, `2 days, 10:00:00`. */
export function durationText(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = String(Math.floor((seconds % 3600) / 60)).padStart(2, "0");
  const clock = `${hours}:${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  return days === 0 ? clock : `${days} day${days === 1 ? "" : "s"}, ${clock}`;
}
