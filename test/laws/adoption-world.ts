/**
 * Keys of one person in the speed layer (decision 43), simulated with the real worker: under a seeded scheduler, with workers that are killed or
 * sleep, a store that loses writes, publishers of messages that repeat what they read long ago, and barriers that lie apart. What readers get is
 * held against the lines of the log, by an oracle that shares nothing with the steps.
 */
import type { EventLog } from '@tributary/log/port';
import type { Definitions, DefinitionsFile } from '@tributary/model/definitions';
import { storedDefinitions } from '@tributary/model/definitions';
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { gapsAtCut, pairsInFlight } from '@tributary/serving/freshness/in-flight';
import type { OutputKinds } from '@tributary/speed/partitions/partition-run';
import type { PartitionState, Relaying } from '@tributary/store/speed-store';
import { LOG_BEGINS_MS } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { asWebEvent } from '@tributary/testkit/inputs/generate-web';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { createMemoryDisk, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore, type MemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { joinedPeople, type LogLine, naiveJoined, naiveJoinedOfPeople } from '@tributary/testkit/oracle/naive-joined';
import { type Actor, createScheduler, type Turn } from '@tributary/testkit/simulation/scheduler';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { countingLines } from '@tributary/views/identity/keyed-record';
import { linesOf as linesOfRecord, markedCut } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { ANYWHERE, namedIn } from '@tributary/views/said-marks';
import { PARTITIONS, runDrain, runOutputs, runPublisher, runWorker, type Shared } from './adoption-actors.ts';
import { cutsOf, linesOf, textsOf } from './adoption-lines.ts';

export const USERS = ['Björk', '用户', 'u-3'];
export const DEVICES = ['cookie-1', 'cookie-2', '😀', 'cookie-4'];
const TYPES = ['click', 'click', 'view', 'buy', 'scroll', 'page'];
const WINDOW_DAYS = 30;

/** As a barrier would bring them. */
export function joined(definitions: Definitions, days = WINDOW_DAYS): Definitions {
  return storedDefinitions(JSON.stringify({ ...(JSON.parse(definitions.json) as object), identity: { days } }), sha256Hex);
}

/** Nothing is late: all of it lies within 45 days. */
const PUNCTUAL = {
  ...SMALL_DEFINITIONS,
  conversions: { buy: { onceBy: 'properties.order', withinDays: 20 } },
  latenessDays: 50,
  signalRetention: { days: 90, perUser: 20 },
  segments: {
    clicking: { enter: 'type == "click"', exit: 'type == "buy"', ttl: '8d', byDay: true },
    lapsed: { enter: 'type == "buy"', absence: { not: 'type in ["click", "page"]', for: '2d' }, ttl: '5d', byDay: true },
  },
} as const satisfies DefinitionsFile;
export const DEFINITIONS = joined(
  definitionsOf({
    ...PUNCTUAL,
    web: {},
    fields: { order: 'properties.order' },
    counts: {
      orders: { count: '*', by: 'order' },
      campaigns: { count: ['click', 'page'], by: 'campaign', where: 'present(channel)' },
    },
  }),
);

/** The next generation alone takes back what an erased user's pages and events counted: answers would be incomplete until then. */
export const WITHOUT_SUMS = joined(definitionsOf(PUNCTUAL));

export interface Outcome {
  readonly checked: number;
  readonly complete: number;
  readonly messages: number;
  readonly rewinds: number;
  readonly crashes: number;
  readonly merged: number;
  readonly erased: number;
  readonly lifted: number;
  /** Keys whose answer was complete, and those among them while something was in flight that does not concern them. */
  readonly keys: number;
  readonly keysInFlight: number;
  /** Times that a generation alone was complete. */
  readonly alone: number;
  /** Messages of a key to itself, of what its record had lost: of links that come, and of links that do not count any more. */
  readonly floors: number;
  readonly held: number;
}

export interface Wrongs {
  readonly neverIncomplete?: boolean;
  /** Records lose their oldest events at about this length, UTF-16 units: answers lack what the next generation brings, and say so. */
  readonly maxRecordLength?: number;
  /** As many links of a key and day count: one that was received before others pushes these out, also behind events that are lost. */
  readonly linksOfDay?: number;
  /** Records lose events, and months pass, so that records let go of events by their age; some collectors have clocks that are weeks behind. */
  readonly clocks?: boolean;
  /** Messages are passed on as commits give them, by the relay's own steps: of every other seed, where it is not said. */
  readonly givesMessages?: boolean;
  /** What the speed layer says, and who is given it once all of it is read: the lines of each partition, and what counts in the end. */
  readonly outputs?: OutputKinds;
  readonly onHeard?: (heard: HeardInAll) => void;
}

export interface HeardInAll {
  /** By partition. */
  readonly texts: readonly (readonly string[])[];
  readonly truth: RowsByView;
  /** Records that erase users, and those that lift it. */
  readonly erased: number;
  readonly lifted: number;
}

export async function simulateAdoption(seed: number, turns = 260, wrongs: Wrongs = {}): Promise<Outcome> {
  const random = createRandom(seed);
  /** As on Kafka: entries end elsewhere at each reading. */
  const disk = createMemoryDisk(seed % 5 < 3);
  const store = createMemoryStore({ partitions: PARTITIONS });
  const open = createMemoryLog({ partitions: PARTITIONS, disk });
  const scheduler = createScheduler(random, () => false);
  const counts = {
    checked: 0,
    complete: 0,
    messages: 0,
    rewinds: 0,
    crashes: 0,
    merged: 0,
    erased: 0,
    lifted: 0,
    keys: 0,
    keysInFlight: 0,
    alone: 0,
    floors: 0,
    held: 0,
  };
  const checkpoints: { readonly partition: number; readonly stored: unknown }[] = [];
  const nothing = [0, 1, 2].map((p) => store.snapshot(p));
  let isCalm = false;
  const erases = seed % 3 === 0;
  /** Some of these are lifted; then what was sent alone does not say what counts. */
  const lifts = seed % 6 === 0;
  let erased = 0;
  const definitions = erases ? WITHOUT_SUMS : DEFINITIONS;
  let started = 0;
  let events = 0;
  let generation = 0;
  /** Partitions that have no barrier of the newest generation yet. */
  let barriersLeft: number[] = [];

  const start = (body: (name: string, turn: Turn) => Promise<void>): Actor => {
    const name = `actor${++started}`;
    return scheduler.spawn(name, (turn) => body(name, turn));
  };
  const { maxRecordLength, linksOfDay, givesMessages = seed % 2 === 1, outputs = 'none' } = wrongs;
  const outputDisk = createMemoryDisk();
  /** A record that lost an event does not know another one by its id. */
  const areApart = lifts || maxRecordLength !== undefined;
  const publishersOf = new Set<NonNullable<Shared['onMessages']>>();
  const shared: Shared = {
    ...{ disk, store, random, definitions, calm: () => isCalm, maxRecordLength, linksOfDay, publishers: publishersOf },
    ...{ outputs, outputDisk },
    // Each commit to one of them: what others have passed on meanwhile is known by its number.
    ...(givesMessages && {
      onMessages: (partition, left) => random.pick([...publishersOf, () => {}])(partition, left),
    }),
  };
  const worker = (name: string, turn: Turn) => runWorker(name, turn, shared);
  const publisher = (_name: string, turn: Turn) => (givesMessages ? runDrain : runPublisher)(turn, shared);
  const workers = [start(worker)];
  const publishers = [start(publisher)];
  const speaker = (_name: string, turn: Turn) => runOutputs(turn, shared);
  const speakers = outputs === 'none' ? [] : [start(speaker)];

  function strike(actors: Actor[], body: typeof worker): void {
    const victim = random.pick(actors);
    counts.crashes++;
    if (random.chance(0.5)) {
      scheduler.kill(victim);
      actors.splice(actors.indexOf(victim), 1);
    } else victim.state = victim.state === 'paused' ? 'alive' : 'paused';
    if (actors.every(({ state }) => state !== 'alive')) actors.push(start(body));
  }

  function barrier(): void {
    if (barriersLeft.length === 0) {
      generation++;
      barriersLeft = random.shuffle([0, 1, 2]);
    }
    const partition = barriersLeft.pop() as number;
    void open.append(partition, { kind: 'barrier', body: JSON.stringify({ generation, definitions: definitions.json }) });
  }

  const forgotten: string[] = [];
  async function erase(userKey: string): Promise<void> {
    await open.append(partitionOf(userKey, PARTITIONS), { kind: 'events', body: erasureOf(userKey, ++erased) });
    forgotten.push(userKey);
  }
  async function lift(userKey: string): Promise<void> {
    await open.append(partitionOf(userKey, PARTITIONS), { kind: 'events', body: erasureOf(userKey, ++counts.lifted, LIFT_TYPE) });
  }

  for (let turn = 0; turn < turns; turn++) {
    await scheduler.step();
    if (random.chance(0.2)) await send(open, random, events++, areApart, wrongs);
    if (lifts && random.chance(0.06) && forgotten.length > 0) await lift(random.pick(forgotten));
    if (erases && random.chance(lifts ? 0.04 : 0.01)) await erase(random.pick([...USERS, ...DEVICES]));
    if (random.chance(0.02)) barrier();
    if (random.chance(0.05)) checkpoints.push({ ...snapshotOf(store, random) });
    if (random.chance(0.02)) strike(workers, worker);
    if (random.chance(0.02)) strike(publishers, publisher);
    if (speakers.length > 0 && random.chance(0.02)) strike(speakers, speaker);
    if (random.chance(0.02) && checkpoints.length > 0) {
      const { partition, stored } = random.pick(checkpoints.slice(-3));
      store.restore(partition, random.chance(0.2) ? nothing[partition] : stored);
      counts.rewinds++;
    }
    if (turn % 10 === 0) await check();
  }

  async function check(): Promise<void> {
    const states = await store.serving().states();
    const lines = linesOf(disk);
    const upTo = states.map((state) => state?.position ?? '');
    const truth = naiveJoined(lines, upTo, definitions, sha256Hex, linksOfDay);
    counts.checked++;
    const isSettled = pairsInFlight(states) === 0;
    for (let g = 0; g <= generation; g++) {
      const cut = g === 0 ? ['', '', ''] : cutsOf(disk, g);
      if (cut === null || cut.some((at, p) => at > (upTo[p] as string))) continue;
      const answer: RowsByView = new Map();
      const generated = naiveJoined(lines, cut, definitions, sha256Hex, linksOfDay);
      if (g > 0) checkGeneration(g, cut, states, generated, lines);
      addRowsByView(answer, generated);
      const deltas = await store.serving().deltas(
        VIEWS.map(({ name }) => name),
        g,
      );
      let lacks = false;
      for (const { rows, pending, overflowed } of deltas) {
        // Each erasure, and what it withdraws elsewhere, waits for the next generation, as it may be of rows that are frozen.
        const withdrawn = lines.filter(({ event }) => event.type === 'tributary.withdraw').length;
        lacks ||= pending > (wrongs.clocks === true ? 0 : erased + withdrawn) || overflowed > 0;
        if (lacks && maxRecordLength === undefined) throw new Error(`seed ${seed}: ${pending} pending, ${overflowed} overflowed`);
        addRowsByView(answer, rows);
      }
      if (lacks) continue;
      if (g > 0) counts.merged++;
      const found = differences(answer, truth);
      if (found.length > 0)
        throw new Error(`seed ${seed}, generation ${g} at ${upTo.join(', ')}: ${found.slice(0, 5).join('; ')}`);
    }
    if (counts.lifted === 0) await checkKeys(states, lines, upTo);
    if (!isSettled && wrongs.neverIncomplete !== true) return;
    counts.complete++;
    if (counts.lifted > 0) return;
    const found = differences(truth, naiveJoinedOfPeople(lines, upTo, definitions, linksOfDay));
    if (found.length > 0) throw new Error(`seed ${seed}: complete at ${upTo.join(', ')}: ${found.slice(0, 5).join('; ')}`);
  }

  /** Until all is read, and no message waits. */
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 20_000; turn++) {
      await scheduler.step();
      if (turn % 50 !== 0) continue;
      const states = await store.serving().states();
      const ends = await open.ends();
      const boxes = (outputs === 'none' ? ['messages' as const] : (['messages', 'outputs'] as const)).map((of) =>
        store.outbox(undefined, of),
      );
      const lengths = await Promise.all([0, 1, 2].flatMap((p) => boxes.map((outbox) => outbox.length(p))));
      if (ends.every((end, p) => end === null || states[p]?.position === end) && lengths.every((length) => length === 0)) return;
    }
    throw new Error(`seed ${seed}: what is calm is not read`);
  }

  /** A generation alone: where it calls itself complete, it has what was sent up to its cut. */
  function checkGeneration(
    g: number,
    cut: readonly string[],
    states: readonly (PartitionState | null)[],
    generated: RowsByView,
    lines: readonly LogLine[],
  ): void {
    if (counts.lifted > 0) return;
    if (gapsAtCut(states, { generation: g, cut }).length > 0 && wrongs.neverIncomplete !== true) return;
    counts.alone++;
    const found = differences(generated, naiveJoinedOfPeople(lines, cut, definitions, linksOfDay));
    if (found.length > 0)
      throw new Error(`seed ${seed}: generation ${g} alone complete at ${cut.join(', ')}: ${found.slice(0, 5).join('; ')}`);
  }

  /** Each key by itself: where nothing is in flight that may change what counts for it, that is what was sent. */
  async function checkKeys(
    states: readonly (Relaying | null)[],
    lines: readonly LogLine[],
    upTo: readonly string[],
  ): Promise<void> {
    const { timelines } = joinedPeople(lines, upTo, definitions.joinedMs as number, linksOfDay);
    const isSettled = pairsInFlight(states) === 0;
    for (const key of [...USERS, ...DEVICES]) {
      const partition = partitionOf(key, PARTITIONS);
      const [record] = (await store.speed().loadRecords(partition, [key], 1e9)).records;
      const text = typeof record === 'string' ? record : '';
      const named = namedIn(text);
      const about = named?.has(ANYWHERE) === true ? null : new Set([partition, ...(named ?? [])]);
      if (pairsInFlight(states, about) > 0 && wrongs.neverIncomplete !== true) continue;
      counts.keys++;
      if (!isSettled) counts.keysInFlight++;
      const counting = countingLines(key, linesOfRecord(text), {
        windowMs: definitions.joinedMs as number,
        mostOfDay: linksOfDay,
      });
      const { logTimeMs = 0, keptMs = 0 } = (states[partition] as PartitionState | null) ?? {};
      const lostTs = wrongs.clocks === true ? Math.max(markedCut(text), logTimeMs - keptMs) : markedCut(text);
      const all = timelines.get(key) ?? [];
      const ids = counting.map((line) => JSON.parse(line) as Event).flatMap(({ id, ts }) => (ts > lostTs ? [id] : []));
      const sent = all.flatMap(({ id, ts }) => (ts > lostTs ? [id] : []));
      if (ids.sort().join() !== sent.sort().join())
        throw new Error(`seed ${seed}: ${key} complete at ${upTo.join(', ')}: ${ids.join()} where ${sent.join()} was sent`);
    }
  }

  isCalm = true;
  // Those that are left, even former zombies, must catch up by themselves; two workers would fence each other for ever.
  for (const actors of [workers, publishers, speakers])
    for (const [i, actor] of random.shuffle(actors).entries())
      if (i > 0) scheduler.kill(actor);
      else actor.state = 'alive';
  await settle();
  // What was said comes again where the store loses what it wrote: it is known by its name.
  if (outputs !== 'none')
    for (const p of [0, 1, 2])
      store.restore(p, random.pick([...checkpoints.filter(({ partition }) => partition === p), { stored: nothing[p] }]).stored);
  // A generation that is cut in a calm moment is complete by itself.
  for (let left = barriersLeft.length + PARTITIONS; left > 0; left--) barrier();
  await settle();
  const before = { ...counts };
  await check();
  const isAlone = counts.alone > before.alone || counts.lifted > 0;
  if (counts.complete === before.complete || !isAlone) throw new Error(`seed ${seed}: what is calm is not complete`);
  if (wrongs.onHeard !== undefined) {
    const states = await store.serving().states();
    const upTo = states.map((state) => state?.position ?? '');
    const truth = naiveJoined(linesOf(disk), upTo, definitions, sha256Hex, linksOfDay);
    wrongs.onHeard({ texts: textsOf(outputDisk), truth, erased, lifted: counts.lifted });
  }
  const messages = linesOf(disk).filter(({ event }) => event.type.startsWith('tributary.'));
  counts.messages = messages.length;
  const saying = (name: string) => messages.filter(({ event }) => JSON.stringify(event.properties ?? {}).includes(`"${name}":`));
  counts.floors = saying('floor').length;
  counts.held = saying('held').length;
  counts.erased = erased;
  for (const actor of scheduler.actors) scheduler.kill(actor);
  return counts;
}

async function send(log: EventLog, random: Random, number: number, isAlone: boolean, wrongs: Wrongs): Promise<void> {
  const one = randomEvent(random, number);
  const many = wrongs.linksOfDay === undefined ? one : amongMany(random, one);
  const sent = wrongs.clocks === true ? byClocks(random, number, many) : many;
  const event = isAlone ? { ...sent, id: `e${number}` } : sent;
  const body = encodeEvent(event);
  for (let copies = random.chance(0.05) ? 2 : 1; copies > 0; copies--)
    await log.append(partitionOf(userKeyOf(event), PARTITIONS), { kind: 'events', body });
}

/** More of them merge users, and collectors append at very different times. */
function amongMany(random: Random, event: Event): Event {
  const receivedAt = event.receivedAt - random.below(2 * HOUR_MS);
  if (random.chance(0.6)) return { ...event, receivedAt };
  const { id, ts, source } = event;
  const userId = random.pick(USERS);
  const previousId = random.pick([...USERS, ...DEVICES].slice(1, 4));
  return { id, ts, source, receivedAt, type: 'alias', userId, properties: { previousId } };
}

/** A day and a half after the one before, and as a collector says it whose clock may be far behind. */
function byClocks(random: Random, number: number, event: Event): Event {
  const byMs = number * 36 * HOUR_MS - random.pick([0, 0, 0, 0, 0, 10, 31, 45, 70]) * DAY_MS;
  return { ...event, ts: event.ts + byMs, receivedAt: event.receivedAt + byMs };
}

/** It is of one key, also where others are of the same person. */
export function erasureOf(userKey: string, number: number, type: typeof ERASE_TYPE | typeof LIFT_TYPE = ERASE_TYPE): string {
  return encodeErasure({ type, userKey, id: `${type}-${number}`, atMs: LOG_BEGINS_MS + 45 * DAY_MS });
}

/** Few users and devices, who meet, around a midnight; `number`: the event's, a minute apart. */
export function randomEvent(random: Random, number: number): Event {
  const now = LOG_BEGINS_MS + 45 * DAY_MS + 150 * MINUTE_MS + number * MINUTE_MS;
  const ts = random.pick([
    now,
    now - random.below(3 * HOUR_MS),
    now - random.below(45 * DAY_MS),
    now - WINDOW_DAYS * DAY_MS + random.pick([-1, 0, 1]) * MINUTE_MS * random.below(number + 1),
    LOG_BEGINS_MS + 45 * DAY_MS,
  ]);
  // Collectors append at a time: what one of them received before another may lie behind it.
  const receivedAt = now - random.pick([0, 0, 0, 1, 5]) * MINUTE_MS;
  const base = { ts, receivedAt, source: 'test', id: random.chance(0.1) ? 'shared' : `${random.pick(['a', 'z'])}${number}` };
  const user = random.pick(USERS);
  const device = random.pick(DEVICES);
  const plain = {
    ...base,
    type: random.pick(TYPES),
    channel: random.pick(['search', 'mail', 'social']),
    value: random.pick([5, 70]),
    properties: { order: `o${random.below(3)}` },
  };
  const sent = (key: Pick<Event, 'userId' | 'anonymousId'>) => asWebEvent({ ...plain, ...key }, number);
  return random.pick<() => Event>([
    () => sent({ anonymousId: device }),
    () => sent({ anonymousId: device }),
    () => sent({ anonymousId: device }),
    () => sent({ userId: user }),
    () => sent({ userId: user, anonymousId: device }),
    // A page whose user is signed in sends these.
    () => sent({ userId: user, anonymousId: DEVICES[USERS.indexOf(user)] as string }),
    () => sent({ userId: user, anonymousId: DEVICES[USERS.indexOf(user)] as string }),
    () => ({ ...base, type: 'identify', userId: user, anonymousId: device }),
    () => ({ ...base, type: 'alias', userId: user, properties: { previousId: random.pick([...USERS, ...DEVICES]) } }),
    () => ({ ...base, type: 'alias', userId: user, properties: { previousId: random.pick(USERS), $without_merge: true } }),
    () => ({ ...base, type: 'identify', userId: user, anonymousId: random.pick(USERS) }),
    () => ({ ...base, type: '$identify', userId: user, properties: { $anon_distinct_id: device, plan: 'x' } }),
    () => ({ ...base, type: 'tributary.undo', userId: user, properties: { key: random.pick([...USERS, ...DEVICES]) } }),
  ])();
}

function snapshotOf(store: MemoryStore, random: Random) {
  const partition = random.below(PARTITIONS);
  return { partition, stored: store.snapshot(partition) };
}
