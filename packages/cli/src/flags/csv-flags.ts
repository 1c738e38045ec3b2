/** Flags of `import csv` that hold little languages of their own. Throw usage errors. */

import type { CsvOptions } from '@tributary/importing/csv/csv-events';
import { INSTANT_FORMS, parseDuration, parseInstant } from '@tributary/importing/events/instant';
import { UsageError } from '../exit.ts';

export function timesOf(text: string | undefined): CsvOptions['times'] {
  if (text === undefined) return undefined;
  const [start, step = '1h', ...more] = text.split(',');
  const startMs = parseInstant(start ?? '');
  const stepMs = parseDuration(step);
  if (startMs === null || more.length > 0)
    throw new UsageError(`--assign-times must be START[,STEP] with a start such as ${INSTANT_FORMS} (got "${text}")`);
  if (stepMs === null || stepMs === 0) throw new UsageError(`--assign-times: a step must be 30s, 15m, 1h or 1d (got "${step}")`);
  return { startMs, stepMs };
}

export function costsOf(text: string | undefined): Map<string, string> {
  const costs = new Map<string, string>();
  for (const pair of text?.split(',') ?? []) {
    const at = pair.lastIndexOf('=');
    if (at < 1 || !/^\d+(\.\d+)?$/.test(pair.slice(at + 1)))
      throw new UsageError(`--cost must be CHANNEL=AMOUNT, separated by commas (got "${pair}")`);
    costs.set(pair.slice(0, at).trim(), pair.slice(at + 1));
  }
  return costs;
}

export function separatorOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text === 'tab' || text === '\\t') return '\t';
  if (text.length !== 1 || text === '"' || text === '\n')
    throw new UsageError(`--separator must be one character or "tab" (got "${text}")`);
  return text;
}
