/**
 * Law 5 where keys of one person are joined (decision 43): what readers get of a key from its record, from the events of a generation and from the
 * archive is what the oracle says of the lines up to there, with each event as it was sent. Real archiver, DuckDB and speed worker.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archivedPast } from '@tributary/archive/history/archived-past';
import { type PastRow, pastValues } from '@tributary/archive/history/past-values';
import { createArchiveReader } from '@tributary/archive/readers/archive-reader';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { type Event, encodeEvent } from '@tributary/model/event';
import { isMessageType } from '@tributary/model/identity/message-line';
import { DAY_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { valuesReader } from '@tributary/serving/users/signal-values';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { joinedEventsOf } from '@tributary/testkit/oracle/naive-joined';
import { naiveValue } from '@tributary/testkit/oracle/naive-signals';
import { countingLines, countingRecord } from '@tributary/views/identity/keyed-record';
import { linesOf as linesOfRecord } from '@tributary/views/record';
import { NEVER_CUT } from '@tributary/views/user-state';
import { expect, test } from 'vitest';
import { createWorld, PARTITIONS, type World } from '../../jobs/recompute/test/world.ts';
import { linesOf } from './adoption-lines.ts';
import { DEVICES, erasureOf, joined, randomEvent, USERS } from './adoption-world.ts';

const STORED = { parseDefinitions: (json: string) => storedDefinitions(json, sha256Hex) };
const KEYS = [...USERS, ...DEVICES];
const FIELDS = {
  order: { from: 'properties.order', type: 'text' },
  plan: { from: 'properties.plan', type: 'text' },
} as const;

const DEFINITIONS = joined(
  readDefinitions(
    JSON.stringify({
      touches: { click: { windowDays: 0.25, defaultChannel: 'direct' } },
      conversions: { buy: { onceBy: 'properties.order', withinDays: 20 } },
      latenessDays: 50,
      signalRetention: { days: 90, perUser: 20 },
      fields: FIELDS,
      signals: {
        all: { count: '*' },
        spent: { sum: '*.value' },
        named: {
          type: ['click', 'buy', 'page', 'identify', '$identify'],
          fields: ['id', 'type', 'userId', 'anonymousId', 'order', 'plan'],
          keep: { count: 1_000, age: '80d' },
        },
      },
    }),
    sha256Hex,
  ),
);

/** Says some of what waits, now and then twice. */
async function relayAll({ log, store }: World, random: Random): Promise<number> {
  const relay = relayLog(log);
  const outbox = store.outbox(undefined, 'messages');
  let relayed = 0;
  for (let p = 0; p < PARTITIONS; p++) {
    const { from, lines } = await outbox.read(p, random.below(40));
    if (lines.length === 0) continue;
    await relay.append(p, { kind: 'events', body: lines.join('\n') });
    if (random.chance(0.8)) await outbox.remove(p, from + lines.length);
    relayed += lines.length;
  }
  return relayed;
}

const byId = (a: Event, b: Event) => (a.id < b.id ? -1 : 1);
const whole = (events: readonly Event[]) => [...events].sort(byId).map(encodeEvent);

async function recordOf({ serving }: World, userKey: string): Promise<Buffer | null> {
  const [record = null] = await serving.records([{ partition: partitionOf(userKey, PARTITIONS), userKey }], 1e8);
  return record as Buffer | null;
}

async function pastOf(world: World, atMs: number): Promise<PastRow[]> {
  const { signal } = new AbortController();
  const past = await archivedPast(world.dataDir, signal, () => {});
  const folder = await mkdtemp(join(tmpdir(), 'tributary-past-'));
  try {
    if (past === null) throw new Error('a generation was expected (got none)');
    async function* rows() {
      for (const user of KEYS) yield { user, atMs, label: null };
    }
    const definitions = [...signalsOf(past.definitions, sha256Hex).values()];
    const found: PastRow[] = [];
    const bounded = { ...past, cutMs: Math.max(past.cutMs, atMs) };
    for await (const row of pastValues({ past: bounded, definitions, rows: rows(), folder, memoryLimit: '256MB', signal }))
      found.push(row);
    return found.sort((a, b) => a.nr - b.nr);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)));

async function play(seed: number, definitions: Definitions): Promise<number> {
  const random = createRandom(seed);
  const world = await createWorld(definitions);
  const windowMs = definitions.joinedMs as number;
  const set = signalsOf(definitions, sha256Hex);
  let [sent, lent] = [0, 0];
  try {
    const archive = createArchiveReader({ dataDir: world.dataDir, partitions: PARTITIONS, memoryLimit: '256MB' });
    for (let number = 1; number <= 3; number++) {
      for (let round = 3; round > 0; round--) {
        await world.ingest(Array.from({ length: random.between(2, 14) }, () => randomEvent(random, sent++)));
        // In the middle of a generation, and just before the last one: what it withdraws comes before the cut, or after it.
        if (seed > 0 && round === 1 && number > seed)
          await world.ingest([JSON.parse(erasureOf(random.pick(DEVICES), sent)) as Event]);
        await world.turn();
        await relayAll(world, random);
      }
      await world.run({ mode: 'incremental' }, STORED);
      const manifest = await world.manifest(number);
      await world.ingest([randomEvent(random, sent++), randomEvent(random, sent++)]);
      await relayAll(world, random);
      await world.turn();
      const lines = linesOf(world.log.disk);
      const upTo = (await world.serving.states()).map((state) => state?.position ?? '');
      const atMs = Math.max(...lines.map(({ event }) => event.receivedAt)) + 1;
      const past = await pastOf(world, atMs);
      const upToCut = lines.filter(({ partition, position }) => position <= (manifest.cut[partition] as string));
      const forgotten = upToCut.flatMap(({ event }) => (event.type === 'tributary.erase' ? [userKeyOf(event)] : []));
      const sentOwn = upToCut.flatMap(({ event }) => (isMessageType(event.type) ? [] : [userKeyOf(event)]));
      const senders = await archive.senders(manifest, KEYS, new AbortController().signal);
      const expected = KEYS.filter((key) => sentOwn.includes(key) && !forgotten.includes(key));
      expect(
        KEYS.filter((key) => senders.has(key)),
        `seed ${seed}: senders of g${number}`,
      ).toEqual(expected);
      // What is archived behind the cut of an older one counts too: imported history may be all that a key has.
      const older = number === 1 ? undefined : await world.manifest(number - 1);
      const later = older && (await archive.senders(older, KEYS, new AbortController().signal));
      if (later !== undefined)
        expect(
          KEYS.filter((key) => later.has(key) && !forgotten.includes(key)),
          `seed ${seed}: senders since g${number - 1}`,
        ).toEqual(expected);
      for (const [nr, key] of KEYS.entries()) {
        const where = `seed ${seed}: g${number} of ${key}`;
        const truth = joinedEventsOf(key, lines, upTo, windowMs, world.digestOf);
        const atCut = joinedEventsOf(key, lines, manifest.cut, windowMs, world.digestOf);
        const isErased = lines.some(({ event: { type, userId } }) => type === 'tributary.erase' && userId === key);
        lent += truth.filter(({ userId, anonymousId }) => (userId ?? anonymousId) !== key).length;

        const record = (await recordOf(world, key)) ?? Buffer.alloc(0);
        const counting = countingRecord(key, record, windowMs);
        const recorded = [...linesOfRecord(String(counting))].map((line) => JSON.parse(line) as Event);
        expect(whole(recorded), `${where}: record`).toEqual(whole(truth));

        const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit: 100_000 };
        const archived = (await archive.userEvents(manifest, key, range, new AbortController().signal)).map(encodeEvent);
        const kept = (events: readonly Event[]) =>
          events.map(({ id, ts, type }) => ({ id, ts, type })).sort((a, b) => (a.id < b.id ? -1 : 1));
        const ofCut = countingLines(key, archived, { windowMs }).map((line) => JSON.parse(line) as Event);
        expect(kept(ofCut), `${where}: generation`).toEqual(kept(atCut));
        const half = atCut.toSorted((a, b) => a.ts - b.ts).slice(Math.floor(atCut.length / 2));
        const late = { fromMs: half[0]?.ts ?? 0, toMs: Number.MAX_SAFE_INTEGER, limit: 100_000 };
        const newest = (await archive.userEvents(manifest, key, late, new AbortController().signal)).map(encodeEvent);
        const since = countingLines(key, newest, { windowMs }).map((line) => JSON.parse(line) as Event);
        expect(kept(since.filter(({ ts }) => ts >= late.fromMs)), `${where}: since`).toEqual(
          kept(atCut.filter(({ ts }) => ts >= late.fromMs)),
        );
        const both = countingLines(key, [...archived, ...linesOfRecord(String(record))], { windowMs, digestOf: world.digestOf });
        // Nothing is explained of who is erased.
        if (!isErased) expect(kept(both.map((line) => JSON.parse(line) as Event)), `${where}: both`).toEqual(kept(truth));

        const names = [...set.keys()];
        const valued = (events: readonly Event[]) =>
          names.map((name) => {
            const definition = set.get(name)?.resolved;
            if (definition === undefined) throw new Error(name);
            return [
              name,
              plain(
                naiveValue(
                  { definition, fields: FIELDS, sessions: {}, stepMs: DAY_MS },
                  whole(events).map((line) => JSON.parse(line) as Event),
                  atMs,
                ),
              ),
            ];
          });
        expect(
          names.map((name) => [name, plain(past[nr]?.values?.get(name))]),
          `${where}: past`,
        ).toEqual(valued(atCut));
        const question = { definitions: [...set.values()], asOfMs: atMs, keptFromMs: NEVER_CUT, agedMs: NEVER_CUT };
        const now = valuesReader(question, () => false)(counting);
        expect(
          now.values.map(({ value }, i) => [names[i], plain(value)]),
          `${where}: now`,
        ).toEqual(valued(truth));
      }
    }
    return lent;
  } finally {
    await world.close();
  }
}

test('law 5: signals, values, explanations and history of a key are of the events that count for it, each as it was sent', async () => {
  let lent = 0;
  for (let seed = 0; seed < 3; seed++) lent += await play(seed, DEFINITIONS);
  expect(lent).toBeGreaterThan(50);
}, 300_000);
