/** `--promote`: when readers get what a run computes. */
import { UsageError } from '../exit.ts';
import type { Promotion } from '../report/generations.ts';

/** `auto`, `ask`, `if-below 0.5%`; undefined: at once. */
export function promotionOf(rule: string): Promotion | undefined {
  if (rule === 'auto') return undefined;
  if (rule === 'ask') return 'ask';
  const percent = /^if-below (\d{1,2}(?:\.\d{1,6})?)%$/.exec(rule)?.[1];
  if (percent === undefined || Number(percent) === 0)
    throw new UsageError(`--promote must be auto, ask or "if-below 0.5%", above 0% and below 100% (got "${rule}")`);
  return { below: Number(percent) / 100 };
}
