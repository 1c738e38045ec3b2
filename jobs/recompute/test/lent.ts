/** A device that lends its events to users, and what is left of them in files. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sqlText } from '@tributary/archive/sql-text';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { event } from './one-user.ts';
import { PARTITIONS, SMALL_LIMITS, type World } from './world.ts';

/** No other text has them as a part. */
export const [COOKIE, GONE] = ['cookie-5e1d', 'gone-77b2'] as const;

/** How runs are made: one generation is kept. */
export const STORED = {
  parseDefinitions: (json: string) => storedDefinitions(json, sha256Hex),
  limits: { ...SMALL_LIMITS, keepGenerations: 1 },
};

export function joined(plain: Definitions): Definitions {
  return storedDefinitions(
    JSON.stringify({ ...(JSON.parse(plain.json) as object), rules: 7, identity: { days: 30 } }),
    sha256Hex,
  );
}

export function ofCookie(id: string, hours: number, type: string): Event {
  const { userId: _user, ...one } = event(id, hours, type, { anonymousId: COOKIE, campaign: GONE, properties: { by: GONE } });
  return type === 'click' ? { ...one, channel: 'search' } : one;
}

/** Until no message waits. */
export async function settle({ log, store, turn }: World): Promise<void> {
  const outbox = store.outbox(undefined, 'messages');
  for (let relayed = 1; relayed > 0; ) {
    await turn();
    relayed = 0;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const { from, lines } = await outbox.read(partition, 100);
      if (lines.length === 0) continue;
      await relayLog(log).append(partition, { kind: 'events', body: lines.join('\n') });
      await outbox.remove(partition, from + lines.length);
      relayed += lines.length;
    }
  }
}

/** Rows of all files in a folder, as text, that have a text in one of their cells, and other files that have it. */
export async function rowsWith(world: World, text: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(world.dataDir, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (!path.endsWith('.parquet')) {
      if ((await readFile(path)).includes(text)) found.push(path);
      continue;
    }
    const rows = await world.session.rows(`FROM read_parquet(${sqlText(path)}, hive_partitioning = false)`);
    found.push(...rows.map((row) => Object.values(row).map(String).join(' ')).filter((row) => row.includes(text)));
  }
  return found;
}
