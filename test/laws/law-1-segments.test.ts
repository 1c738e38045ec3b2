/**
 * Laws 1, 2 and 3 of members of segments: whatever dies between, and in whatever batches, who is listed is who the oracle says is in at log time,
 * and what was said of entering and leaving is what happened by then, once.
 */
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { userKeyOf } from '@tributary/model/user-key';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { SegmentDefinition } from '@tributary/signals/resolved';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { RANDOM_FIELDS, randomEvent, randomSegment } from '@tributary/testkit/inputs/generate-signals';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { naiveEpisodes, naiveValue } from '@tributary/testkit/oracle/naive-signals';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';

const BEGIN_MS = Date.parse('2026-09-01T00:00:00Z');
const USERS = ['ann', 'bo', 'cy'];
/** Log time lies between the instants of events, where nothing happens. */
const HALF_MS = HOUR_MS / 2;

interface Line {
  readonly ts: number;
  readonly type: string;
  readonly id: string;
  readonly userKey: string;
  readonly segment: string;
  readonly version: string;
  readonly cause?: string;
  readonly takenBack?: readonly { readonly kind: string; readonly at: number }[];
}

interface World {
  /** For how many hours records are kept. */
  readonly kept: number;
  /** Within how many hours all is sent. */
  readonly hours: number;
  /** The log's own clock is up to 60 h ahead for a while. */
  readonly runsAhead?: true;
}

function randomDefinitions(random: Random, { kept }: World, names: readonly string[]) {
  return definitionsOf({
    ...SMALL_DEFINITIONS,
    fields: RANDOM_FIELDS,
    signalRetention: { days: (kept * HOUR_MS) / DAY_MS, perUser: 20 },
    segments: Object.fromEntries(names.map((name) => [name, randomSegment(random, HOUR_MS, kept)])),
  });
}

/** In the order of the log: an event comes up to a day before its time, as clocks of devices go, or any time after it. */
function randomLog(random: Random, { hours }: World): { readonly events: readonly Event[]; readonly receivedAt: number }[] {
  const events = Array.from({ length: random.between(1, 90) }, (_, i): Event => {
    const event = { ...randomEvent(random, `e${i}`, BEGIN_MS, hours, HOUR_MS), userId: random.pick(USERS) };
    const lag = random.pick([-5, 0, 0, 0, 0, 1, 3, 20]);
    return { ...event, receivedAt: Math.max(BEGIN_MS, event.ts + lag * HOUR_MS) + HALF_MS };
  });
  const copies = events.filter(() => random.chance(0.1)).map((event) => ({ ...event, receivedAt: event.receivedAt + HOUR_MS }));
  const inOrder = [...events, ...copies].sort((a, b) => a.receivedAt - b.receivedAt);
  return inOrder.map((event) => ({ events: [event], receivedAt: event.receivedAt }));
}

/** How far ahead the clock of the log is at each entry, ms: none, but for some entries in a row, and soon after for some more. */
function aheads(random: Random, entries: number): (entry: number) => number {
  const from = random.below(entries);
  const to = from + random.between(1, Math.max(1, (entries - from) >> 1));
  const aheadMs = random.between(30, 60) * HOUR_MS;
  const againFrom = to + random.below(4);
  const againTo = againFrom + random.between(1, 12);
  const againMs = random.chance(0.3) ? aheadMs : random.between(30, 60) * HOUR_MS;
  return (entry) => (entry >= from && entry < to ? aheadMs : entry >= againFrom && entry < againTo ? againMs : 0);
}

/** `calm`: one worker that nothing befalls, without a change of definitions, by as many entries. */
async function live(seed: number, world: World, calm?: number) {
  const random = createRandom(seed);
  const names = ['one', 'two', 'three'].slice(0, random.between(1, 3));
  const first = random.chance(0.5)
    ? randomDefinitions(random, world, names)
    : definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: (world.kept * HOUR_MS) / DAY_MS, perUser: 20 } });
  const second = calm === undefined && random.chance(0.7) ? randomDefinitions(random, world, names) : first;
  const entries = randomLog(random, world);
  const aheadOf = world.runsAhead ? aheads(random, entries.length) : () => 0;
  let [clockMs, logTimeMs, sinceMs] = [BEGIN_MS + 90 * DAY_MS, 0, 0];
  const log = createMemoryLog({ partitions: 1, now: () => clockMs });
  /** Log time after an entry that the log takes at an instant; `says`: the entry has it as its own. */
  const take = (ms: number, says: boolean) => {
    if (world.runsAhead) clockMs = ms;
    if (says) logTimeMs = logTimeMs > clockMs + DAY_MS ? clockMs : Math.max(logTimeMs, ms);
    else if (logTimeMs > clockMs + DAY_MS) logTimeMs = clockMs;
  };
  const barrierAt = random.below(entries.length + 1);
  for (const [i, { events, receivedAt }] of entries.entries()) {
    const atMs = receivedAt + aheadOf(i);
    if (i === barrierAt) {
      take(atMs, false);
      await log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: second.json }) });
      if (second !== first) sinceMs = logTimeMs;
    }
    take(atMs, true);
    const received = events.map((event) => encodeEvent({ ...event, receivedAt: atMs }));
    await log.append(0, { kind: 'events', body: received.join('\n') });
  }
  const definitions = barrierAt < entries.length ? second : first;
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const faulty = () => (random.chance(0.15) ? (random.chance(0.5) ? 'lostReply' : 'notApplied') : 'none') as 'none';
  let isCalm = calm !== undefined;
  const newWorker = (passedUsers = random.pick([1, 2, 1_000])) =>
    createSpeedWorker({
      log,
      store: store.speed(undefined, () => (isCalm ? 'none' : faulty())),
      definitions: first,
      partitions: [0],
      sha256Hex,
      digestOf: sha256Hex,
      commitId: () => `${++commits}`,
      limits: {
        maxEntries: calm ?? random.between(1, 6),
        waitMs: 0,
        outputs: 'segments',
        maxCachedEvents: random.pick([1, 20, 10_000]),
        passedUsers,
      },
    });
  const drain = async (worker: ReturnType<typeof newWorker>) => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  for (let lives = 0; lives < 4 && !isCalm; lives++) {
    const worker = newWorker();
    const before = store.snapshot(0);
    while (random.chance(0.8) && (await worker.runOnce()) > 0);
    await worker.settle();
    if (random.chance(0.3)) store.restore(0, before);
  }
  isCalm = true;
  // A walk over all users begins again with each worker.
  const last = newWorker(1_000);
  await drain(last);
  // The clock of a partition without events; each commit looks at some more users.
  for (let beats = 0; beats < 6; beats++) {
    logTimeMs += random.pick([0, 0, 0, 1, 4]) * HOUR_MS;
    if (world.runsAhead) clockMs = logTimeMs;
    await log.append(0, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: logTimeMs }) });
    await drain(last);
  }
  const { lines } = await store.outbox().read(0, 1_000_000);
  const arrived = entries.flatMap(({ events }) => events);
  return { store, definitions, arrived, logTimeMs, sinceMs, lines: lines.map((line) => JSON.parse(line) as Line) };
}

/** As a consumer that keeps the newest word on each: what was said, less what was taken back. */
function netOf(lines: readonly Line[], userKey: string, name: string, version: string): Set<string> {
  const said = new Set<string>();
  for (const line of lines) {
    if (line.userKey !== userKey || line.segment !== name || line.version !== version || !line.type.startsWith('segment.'))
      continue;
    if (line.type === 'segment.revised') for (const { kind, at } of line.takenBack ?? []) said.delete(`${kind} ${at}`);
    else said.add(`${line.type.slice('segment.'.length)} ${line.ts}`);
  }
  return said;
}

function segmentsOf(definitions: Awaited<ReturnType<typeof live>>['definitions']) {
  return [...signalsOf(definitions, sha256Hex).values()].map(({ name, version, resolved }) => ({
    name,
    version,
    definition: resolved as SegmentDefinition,
  }));
}

async function listed(store: ReturnType<typeof createMemoryStore>, version: string): Promise<readonly string[]> {
  const { users, count, watched } = await store.serving().members(0, { version, after: null, limit: 1_000 });
  expect(count).toBe(users.length);
  expect(watched?.isWhole).toBe(true);
  return users;
}

test('laws 1, 2 and 3: who is listed as a member is who is in at log time, in any order, through crashes and changes of definitions', async () => {
  let [members, others] = [0, 0];
  for (let seed = 1; seed <= 350; seed++) {
    const { store, definitions, arrived, logTimeMs } = await live(seed, { kept: 20, hours: 50 });
    for (const { version, definition } of segmentsOf(definitions)) {
      const users = await listed(store, version);
      for (const user of USERS) {
        const own = arrived.filter((event) => userKeyOf(event) === user);
        const question = { definition, fields: RANDOM_FIELDS, sessions: {}, stepMs: HALF_MS };
        const { member } = naiveValue(question, own, logTimeMs) as { member: boolean };
        expect({ seed, user, version, member: users.includes(user) }).toEqual({ seed, user, version, member });
        if (member) members++;
        else others++;
      }
    }
  }
  expect(Math.min(members, others)).toBeGreaterThan(100);
}, 120_000);

/** Holds what was said against what happened; the lines of segments. */
async function demandSaid(seed: number, world: World): Promise<readonly Line[]> {
  const { definitions, arrived, logTimeMs, sinceMs, lines } = await live(seed, world);
  const ids = lines.map(({ type, userKey, id }) => `${type} ${userKey} ${id}`);
  expect(ids.length, `seed ${seed}`).toBe(new Set(ids).size);
  for (const { name, version, definition } of segmentsOf(definitions))
    for (const user of USERS) {
      const own = arrived.filter((event) => userKeyOf(event) === user);
      const episodes = naiveEpisodes({ definition, fields: RANDOM_FIELDS, stepMs: HALF_MS }, own, logTimeMs);
      const happened = episodes.flatMap(({ from, to }) => [
        ['entered', from] as const,
        ...(to <= logTimeMs ? [['left', to] as const] : []),
      ]);
      const said = netOf(lines, user, name, version);
      const all = new Set(happened.map(([kind, at]) => `${kind} ${at}`));
      expect(
        [...said].filter((one) => !all.has(one)),
        `seed ${seed}, ${user}, ${name}: said, and did not happen`,
      ).toEqual([]);
      // What lies before the definitions is not said.
      const since = happened.filter(([, at]) => at > sinceMs).map(([kind, at]) => `${kind} ${at}`);
      expect(
        since.filter((one) => !said.has(one)),
        `seed ${seed}, ${user}, ${name}: happened, and was not said`,
      ).toEqual([]);
    }
  return lines.filter(({ type }) => type.startsWith('segment.'));
}

test('laws 1, 2 and 3: what was said of entering and leaving, less what was taken back, is what happened, once', async () => {
  const said = new Map<string, number>();
  for (let seed = 1; seed <= 300; seed++)
    for (const { type } of await demandSaid(seed, { kept: 120, hours: 40 })) said.set(type, (said.get(type) ?? 0) + 1);
  for (const type of ['segment.entered', 'segment.left', 'segment.revised']) expect(said.get(type)).toBeGreaterThan(100);
}, 120_000);

test('laws 1 and 3: what a clock of the log that ran ahead had said is taken back once it is right, and said again when its time comes', async () => {
  let takenBack = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const lines = await demandSaid(seed, { kept: 200, hours: 40, runsAhead: true });
    takenBack += lines.filter(({ type, cause }) => type === 'segment.revised' && cause === undefined).length;
  }
  expect(takenBack).toBeGreaterThan(100);
}, 120_000);

test('law 3: the same is said whatever events one commit takes', async () => {
  let compared = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const said = [];
    for (const entries of [1, 7, 1_000]) {
      const { lines } = await live(seed, { kept: 30, hours: 40 }, entries);
      said.push(lines.map((line) => JSON.stringify(line)).sort());
    }
    expect(said[1], `seed ${seed}`).toEqual(said[0]);
    expect(said[2], `seed ${seed}`).toEqual(said[0]);
    compared += said[0]?.length ?? 0;
  }
  expect(compared).toBeGreaterThan(500);
}, 120_000);
