/** Users whose segments and sessions are followed by a speed worker that dies, over a log whose order and clock are not those of the events. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { randomEvent } from '@tributary/testkit/inputs/generate-signals';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';

const BEGIN_MS = Date.parse('2026-09-01T00:00:00Z');
export const USERS = ['ann', 'bo', 'cy'];
/** Log time lies between the instants of events, where nothing happens. */
export const HALF_MS = HOUR_MS / 2;

export interface Line {
  readonly ts: number;
  readonly type: string;
  readonly id: string;
  readonly userKey: string;
  readonly segment?: string;
  readonly session?: string;
  readonly from?: number;
  readonly version: string;
  readonly cause?: string;
  readonly takenBack?: readonly { readonly kind: string; readonly at: number; readonly from?: number }[];
}

export interface World {
  /** For how many hours records are kept. */
  readonly kept: number;
  /** Within how many hours all is sent. */
  readonly hours: number;
  /** By how many hours the log's own clock is ahead for a while. */
  readonly runsAhead?: readonly [least: number, most: number];
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
function aheads(random: Random, entries: number, hours: readonly [least: number, most: number]): (entry: number) => number {
  const from = random.below(entries);
  const to = from + random.between(1, Math.max(1, (entries - from) >> 1));
  const aheadMs = random.between(...hours) * HOUR_MS;
  const againFrom = to + random.below(4);
  const againTo = againFrom + random.between(1, 12);
  const againMs = random.chance(0.3) ? aheadMs : random.between(...hours) * HOUR_MS;
  return (entry) => (entry >= from && entry < to ? aheadMs : entry >= againFrom && entry < againTo ? againMs : 0);
}

type RandomDefinitions = (random: Random, world: World, names: readonly string[]) => ReturnType<typeof definitionsOf>;

/** `calm`: one worker that nothing befalls, without a change of definitions, by as many entries. */
export async function live(seed: number, world: World, randomDefinitions: RandomDefinitions, calm?: number) {
  const random = createRandom(seed);
  const names = ['one', 'two', 'three'].slice(0, random.between(1, 3));
  const first = random.chance(0.5)
    ? randomDefinitions(random, world, names)
    : definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: (world.kept * HOUR_MS) / DAY_MS, perUser: 20 } });
  const second = calm === undefined && random.chance(0.7) ? randomDefinitions(random, world, names) : first;
  const entries = randomLog(random, world);
  const aheadOf = world.runsAhead ? aheads(random, entries.length, world.runsAhead) : () => 0;
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
