/** What the output log says, read from its start as any consumer would: the newest line of a conversion counts. */

import { SHARED_SETTINGS } from '@tributary/configuration/roles/shared';
import { eventLogConfiguration } from '@tributary/log/configuration';
import { openEventLog } from '@tributary/log/open-log';
import { dayOf } from '@tributary/model/time';
import { readConfig } from '@tributary/runtime/config/read-config';
import { addRow, type RowsByView, rowsOf } from '@tributary/views/deltas';

export interface OutputLine {
  readonly ts: number;
  readonly type: string;
  readonly id: string;
  readonly userKey: string;
  readonly conversion: { readonly id: string; readonly type: string };
  readonly currency: string;
  readonly credit: Record<string, { channel: string; campaign: string; creditMicros: number; valueMinor: number }[]>;
}

/** All lines that the log holds, in order within each user; sent-again ones included. */
export async function outputLines(redisUrl: string, env: Readonly<Record<string, string>>): Promise<OutputLine[]> {
  const config = readConfig('test', SHARED_SETTINGS, { ...env, TRIBUTARY_REDIS_URL: redisUrl }, []);
  const log = await openEventLog({ ...(await eventLogConfiguration(config, 'test', () => {})), name: 'outputs', now: Date.now });
  try {
    const after = new Map<number, string | null>(Array.from({ length: log.partitions }, (_, p) => [p, null]));
    const lines: OutputLine[] = [];
    for (;;) {
      const entries = await log.read(after, { maxEntries: 1_000, waitMs: 200 });
      if (entries.length === 0) return lines;
      for (const { partition, position, kind, body } of entries) {
        after.set(partition, position);
        if (kind === 'events') for (const line of body.split('\n')) lines.push(JSON.parse(line) as OutputLine);
      }
    }
  } finally {
    await log.close();
  }
}

/** The rows of `credit` that the newest lines add up to. Lines whose id was seen before are passed over. */
export function creditOf(lines: readonly OutputLine[]): RowsByView {
  const known = new Set<string>();
  const newest = new Map<string, OutputLine>();
  for (const line of lines) {
    const id = JSON.stringify([line.type, line.userKey, line.id]);
    if (line.type !== 'conversion.attributed' || known.has(id)) continue;
    known.add(id);
    newest.set(JSON.stringify([line.userKey, line.conversion.id]), line);
  }
  const rows: RowsByView = new Map([['credit', new Map()]]);
  for (const { ts, conversion, currency, credit } of newest.values())
    for (const [model, parts] of Object.entries(credit))
      for (const { channel, campaign, creditMicros, valueMinor } of parts)
        addRow(rowsOf(rows, 'credit'), [dayOf(ts), model, conversion.type, channel, campaign, currency].join('\t'), [
          creditMicros,
          valueMinor,
        ]);
  return rows;
}
