/** From figures to places along an axis, in percent of its length. */
export interface Scale {
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

/** Ticks as they are written: without decimals where none has any. */
export function tickTexts(ticks: readonly number[], format: (tick: number) => string): readonly string[] {
  const texts = ticks.map(format);
  return texts.every((text) => ZEROS.test(text)) ? texts.map((text) => text.replace(ZEROS, '')) : texts;
}

const ZEROS = /\.0+(?!\d)/;
const STEPS = [1, 2, 2.5, 5, 10];

/** An axis with round ticks that holds 0 and all of the values. Where these are whole, so are the ticks. */
export function scaleOf(values: readonly number[], mostTicks = 6): Scale {
  const least = Math.min(0, ...values);
  const most = Math.max(0, ...values);
  const raw = (most - least || 1) / mostTicks;
  const power = 10 ** Math.floor(Math.log10(raw));
  const isWhole = values.every(Number.isInteger);
  const steps = STEPS.map((one) => one * power).filter((one) => !isWhole || Number.isInteger(one));
  const step = steps.find((one) => one >= raw) ?? 10 * power;
  const from = Math.floor(least / step);
  const to = Math.max(from + 1, Math.ceil(most / step));
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => (from + i) * step);
  const [low, high] = [from * step, to * step];
  return { ticks, at: (value) => ((value - low) / (high - low)) * 100 };
}
