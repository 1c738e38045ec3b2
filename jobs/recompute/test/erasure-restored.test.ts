/** What an erased key had lent to others does not come back with a backup from before the erasure. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { eraseAgain } from '@tributary/archive/backup/erase-again';
import { createReceipt, newReceipt } from '@tributary/archive/erasures';
import { erasedBefore, erasedBehind } from '@tributary/archive/forgotten';
import { archivedPast } from '@tributary/archive/history/archived-past';
import { pastValues } from '@tributary/archive/history/past-values';
import { lackingVersion } from '@tributary/archive/retention/lacking';
import { archivedUpTo } from '@tributary/archive/segments';
import { encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { signalsOf } from '@tributary/signals/definitions/file';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { COOKIE, GONE, joined, ofCookie, rowsWith, STORED, settle } from './lent.ts';
import { event, NOON_MS } from './one-user.ts';
import { speedFromNothing } from './speed-from-nothing.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const PLAIN = definitionsOf({
  ...SMALL_DEFINITIONS,
  ...{ latenessDays: 50, signalRetention: { days: 90, perUser: 20 }, signals: { events: { count: '*', window: '5d' } } },
});
const JOINED = joined(PLAIN);
const ALL = [...Array(PARTITIONS).keys()];

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
      version: () => lackingVersion(dataDir),
    };
    const rebuilt = await speedFromNothing(world, JOINED, { erased, digestOf });
    for (const p of ALL) store.restore(p, rebuilt.snapshot(p));
    for (const key of ['bob', 'dave', COOKIE]) {
      const [record = null] = await store.serving().records([{ partition: partitionOf(key, PARTITIONS), userKey: key }], 1e8);
      expect(String(record ?? ''), key).not.toContain(GONE);
    }
    // Also where files are not written again yet.
    await world.run({}, { ...STORED, rewrite: () => Promise.reject(new Error('files stay as they are')) });
    expect(await rowsWith(world, GONE, 'archive')).not.toEqual([]);
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
    expect(await rowsWith(world, GONE, 'archive')).toEqual([]);
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
