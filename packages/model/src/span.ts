/** `850 ms`, `12.3 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`. */
export function span(ms: number): string {
  if (ms < 0) return `-${span(-ms)}`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const [large, small, unit, part]: [number, number, string, string] =
    ms < 3_600_000
      ? [60_000, 1_000, 'min', 's']
      : ms < 86_400_000
        ? [3_600_000, 60_000, 'h', 'min']
        : [86_400_000, 3_600_000, 'd', 'h'];
  return `${Math.floor(ms / large)} ${unit} ${Math.floor((ms % large) / small)} ${part}`;
}
