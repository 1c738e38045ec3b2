/** What an erased key had lent to others does not come back with a backup from before the erasure. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { eraseAgain } from '@tributary/archive/backup/erase-again';
import { createReceipt, newReceipt } from '@tributary/archive/erasures';
import { erasedBefore, erasedBehind, forgottenVersion } from '@tributary/archive/forgotten';
import { archivedPast } from '@tributary/archive/history/archived-past';
import { pastValues } from '@tributary/archive/history/past-values';
import { archivedUpTo } from '@tributary/archive/segments';
import { sqlText } from '@tributary/archive/sql-text';
import { storedDefinitions } from '@tributary/model/definitions';
import { encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { signalsOf } from '@tributary/signals/definitions/file';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { event, NOON_MS } from './one-user.ts';
import { speedFromNothing } from './speed-from-nothing.ts';
import { createWorld, PARTITIONS, SMALL_LIMITS, type World } from './world.ts';

const STORED = {
  parseDefinitions: (json: string) => storedDefinitions(json, sha256Hex),
  limits: { ...SMALL_LIMITS, keepGenerations: 1 },
};
const PLAIN = definitionsOf({
  ...SMALL_DEFINITIONS,
  ...{ latenessDays: 50, signalRetention: { days: 90, perUser: 20 }, signals: { events: { count: '*', window: '5d' } } },
});
const JOINED = storedDefinitions(
  JSON.stringify({ ...(JSON.parse(PLAIN.json) as object), rules: 7, identity: { days: 30 } }),
  sha256Hex,
);
/** No other text has them as a part. */
const [COOKIE, GONE] = ['cookie-5e1d', 'gone-77b2'] as const;
const ALL = [...Array(PARTITIONS).keys()];

async function settle({ log, store, turn }: World): Promise<void> {
  const outbox = store.outbox(undefined, 'messages');
  for (let relayed = 1; relayed > 0; ) {
    await turn();
    relayed = 0;
    for (const partition of ALL) {
      const { from, lines } = await outbox.read(partition, 100);
      if (lines.length === 0) continue;
      await relayLog(log).append(partition, { kind: 'events', body: lines.join('\n') });
      await outbox.remove(partition, from + lines.length);
      relayed += lines.length;
    }
  }
}

function ofCookie(id: string, hours: number, type: string): Event {
  const { userId: _user, ...one } = event(id, hours, type, { anonymousId: COOKIE, campaign: GONE, properties: { by: GONE } });
  return type === 'click' ? { ...one, channel: 'search' } : one;
}

/** Rows of all files of the archive, as text, that have a text in one of their cells. */
async function archivedWith(world: World, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(world.dataDir, 'archive'), { recursive: true, withFileTypes: true })) {
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

/** How many events of a user the archive has by the end of the day. */
async function pastEvents({ dataDir }: World, user: string): Promise<unknown> {
  const signal = new AbortController().signal;
  const past = await archivedPast(dataDir, signal, () => {});
  if (past === null) throw new Error('no generation was published');
  const folder = await mkdtemp(join(tmpdir(), 'tributary-restored-'));
  try {
    const rows = (async function* () {
      yield { user, atMs: NOON_MS + 5 * HOUR_MS, label: null };
    })();
    const definitions = [...signalsOf(past.definitions, sha256Hex).values()];
    const asked = { past: { ...past, cutMs: Number.MAX_SAFE_INTEGER }, definitions, rows, folder, memoryLimit: '256MB', signal };
    for await (const { values } of pastValues(asked)) return values?.get('events');
  } finally {
    await rm(folder, { recursive: true });
  }
  return undefined;
}

test('laws 1 and 9: a backup from before an erasure brings back nothing that the erased device had lent, nor what others lent on', async () => {
  const world = await createWorld(JOINED);
  try {
    const { dataDir, digestOf, log, store } = world;
    await world.ingest([
      ofCookie('c1', 1, 'click'),
      ofCookie('c2', 2, 'view'),
      event('s1', 3, 'identify', { userId: 'bob', anonymousId: COOKIE }),
      event('m1', 3, 'alias', { userId: 'dave', properties: { previousId: 'bob' } }),
      event('o1', 4, 'buy', { userId: 'bob', value: 100, currency: 'EUR' }),
      event('o2', 4, 'buy', { userId: 'dave', value: 70, currency: 'EUR' }),
    ]);
    await settle(world);
    await world.run({}, STORED);
    await world.ingest([event('x1', 5, 'view', { userId: 'zoe' })]);
    await settle(world);
    await world.run({}, STORED);
    // The log is lost with the machine: all that is there is what was archived, and receipts that were kept elsewhere.
    const receipt = newReceipt({
      partition: partitionOf(COOKIE, PARTITIONS),
      digest: digestOf(COOKIE),
      askedAt: 1_795_000_000_000,
      by: 'test',
      reason: null,
    });
    await createReceipt(dataDir, { ...receipt, recorded: { at: 1, position: '9999999999' } });
    const audit = await auditDataFolder({ dataDir, nowMs: 5, depth: { quick: true } });
    const published = (await world.current())?.generation ?? null;
    expect(await eraseAgain(dataDir, audit, published)).toEqual({ users: 1, withoutGenerations: true });
    for (const p of ALL) await log.trim(p, (await archivedUpTo(dataDir, p)).last?.upTo ?? '');
    const erased = {
      before: (p: number) => erasedBefore(dataDir, p),
      behind: (p: number, at: string) => erasedBehind(dataDir, p, at),
      version: () => forgottenVersion(dataDir),
    };
    const rebuilt = await speedFromNothing(world, JOINED, { erased, digestOf });
    for (const p of ALL) store.restore(p, rebuilt.snapshot(p));
    for (const key of ['bob', 'dave', COOKIE]) {
      const [record = null] = await store.serving().records([{ partition: partitionOf(key, PARTITIONS), userKey: key }], 1e8);
      expect(String(record ?? ''), key).not.toContain(GONE);
    }
    // Also where files are not written again yet.
    await world.run({}, { ...STORED, rewrite: () => Promise.reject(new Error('files stay as they are')) });
    expect(await archivedWith(world, GONE)).not.toEqual([]);
    expect(await pastEvents(world, 'dave')).toBe(4);
    for (const _ of [1, 2, 3]) {
      await world.run({ scheduled: false }, STORED);
      await world.turn();
    }
    const last = (await world.current())?.generation ?? 0;
    const left = [
      event('s1', 3, 'identify', { userId: 'dave' }),
      event('m1', 3, 'alias', { userId: 'dave' }),
      event('o1', 4, 'buy', { userId: 'dave', value: 100, currency: 'EUR' }),
      event('o2', 4, 'buy', { userId: 'dave', value: 70, currency: 'EUR' }),
      event('x1', 5, 'view', { userId: 'zoe' }),
    ];
    expect(differences(await world.viewsOf(last), naive(left, JOINED))).toEqual([]);
    expect(differences(await world.merged(), naive(left, JOINED))).toEqual([]);
    expect(await archivedWith(world, GONE)).toEqual([]);
    // Who is lifted lends again.
    const lift = encodeErasure({ type: LIFT_TYPE, userKey: COOKIE, id: receipt.id, atMs: event('', 0, '').receivedAt });
    await world.ingest([JSON.parse(lift) as Event]);
    await world.ingest([ofCookie('c9', 6, 'click'), event('s9', 6, 'identify', { userId: 'eve', anonymousId: COOKIE })]);
    await settle(world);
    const again = [...left, { ...ofCookie('c9', 6, 'click'), anonymousId: 'eve' }, event('s9', 6, 'identify', { userId: 'eve' })];
    expect(differences(await world.merged(), naive(again, JOINED))).toEqual([]);
    await world.run({ mode: 'full' }, STORED);
    expect(differences(await world.viewsOf(last + 1), naive(again, JOINED))).toEqual([]);
  } finally {
    await world.close();
  }
});
