/** `--level` of intervals. */
import type { Query } from '../api-client.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';

/** Percent, as people say it; a part of 1, as the API has it: 99.9 is 0.999, no float's 0.9990000000000001. */
export function levelOf(text: string): number {
  const percent = /^\d{1,2}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (percent >= 50 && percent <= 99.9) return Number((percent / 100).toFixed(8));
  const meant = Number(text) > 0 && Number(text) < 1 ? `; for ${text} write ${Number((Number(text) * 100).toFixed(6))}` : '';
  throw new UsageError(`--level must be in percent, from 50 to 99.9, such as 90 (got "${text}")${meant}`);
}

export function intervalQuery(
  { terminal }: Context,
  { intervals, level }: { readonly intervals?: true | undefined; readonly level?: string | undefined },
): Query {
  if (level !== undefined && intervals === undefined) terminal.say('note: --level has no effect without --intervals');
  return { intervals: intervals === true ? 1 : undefined, level: level === undefined ? undefined : levelOf(level) };
}
