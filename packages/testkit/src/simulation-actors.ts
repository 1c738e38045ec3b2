/** The processes of the simulation. Each is a loop whose every step outside itself takes a turn, and may be its last. */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { PartitionDeltas, ServingStore } from '@tributary/kv/serving-port';
import { TributaryError } from '@tributary/model/errors';
import { type Event, encodeEvent } from '@tributary/model/event';
import type { Barrier } from '@tributary/model/partition-record';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { differences } from './compare-rows.ts';
import { changeDefinitions } from './generate-definitions.ts';
import { naive } from './naive.ts';
import { readLine } from './simulation-ledger.ts';
import type { Turn } from './simulation-scheduler.ts';
import { type SimulatedGenerations, short, tellCommit, type World } from './simulation-world.ts';

const GARBAGE = ['{"ts":1,"type":', 'not json', '{"ts":"soon","type":"click","id":"x"}', ''];

/** Takes what clients send and appends it; a failed append is sent again by the client, as it was or stamped anew. */
export async function collector(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  const log = world.connectLog(turn);
  for (;;) {
    await turn();
    // Peeked, not taken: a collector that dies before the acknowledgement leaves its events with the client.
    const events = world.unsent.slice(0, random.between(1, 4));
    if (events.length === 0) continue;
    world.nowMs = Math.max(world.nowMs, ...events.map((event) => event.receivedAt));
    for (const [partition, own] of groupByPartition(events, world.partitions)) {
      const lines = own.map(encodeEvent);
      if (!world.calm && random.chance(0.04)) lines.splice(random.below(lines.length + 1), 0, random.pick(GARBAGE));
      if (!world.calm && random.chance(0.1)) log.failNextAppend(random.pick(['reply-lost', 'not-applied', 'duplicated']));
      try {
        await log.append(partition, { kind: 'events', body: lines.join('\n') });
        world.tell(`${name}: p${partition} got ${own.map(({ id }) => id).join(' ')}`);
      } catch (error) {
        operational(error);
        world.count('append failed');
        world.tell(`${name}: the append of ${own.map(({ id }) => id).join(' ')} to p${partition} failed; sent again later`);
        continue;
      }
      world.acknowledged.push(...own);
      // Another collector may have sent some of them too meanwhile: then they are duplicates.
      for (const event of own) {
        const at = world.unsent.indexOf(event);
        if (at >= 0) world.unsent.splice(at, 1);
      }
    }
  }
}

/** Moves the log time of idle partitions. */
export async function ticker(world: World, turn: Turn): Promise<void> {
  const log = world.connectLog(turn);
  for (;;) {
    for (let idle = world.random.between(5, 40); idle > 0; idle--) await turn();
    if (world.nowMs === 0) continue;
    const partition = world.random.below(world.partitions);
    await log.append(partition, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: world.nowMs }) });
  }
}

export async function speedWorker(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  let commits = 0;
  const fault = () => (world.calm || random.chance(0.92) ? 'none' : random.pick(['lostReply', 'notApplied'] as const));
  const store = world.store.speed(turn, fault);
  const worker = world.parts.createWorker({
    log: world.connectLog(turn),
    store: {
      ...store,
      async commit(commit) {
        try {
          const outcome = await store.commit(commit);
          tellCommit(world, name, commit, outcome);
          return outcome;
        } catch (error) {
          tellCommit(world, name, commit, 'reply lost');
          throw error;
        }
      },
    },
    definitions: world.initial,
    partitions: Array.from({ length: world.partitions }, (_, partition) => partition),
    commitId: () => `${name}:${++commits}`,
    limits: {
      maxEntries: random.between(1, 4),
      waitMs: 0,
      maxCachedEvents: random.pick([1, 8, 1_000]),
      trimRecordLength: random.pick([200, 1_500, 100_000]),
    },
    onReset: (partition, why) => world.tell(`${name}: forgets p${partition}: ${why instanceof Error ? why.message : why}`),
  });
  for (;;) {
    try {
      await worker.runOnce();
    } catch (error) {
      operational(error);
    }
    await turn();
  }
}

/** Copies the log into the archive and seals it at each barrier; what it wrote and how far it read are one write. */
export async function archiver(world: World, turn: Turn): Promise<void> {
  const log = world.connectLog(turn);
  for (;;) {
    const after = new Map(world.archive.map(({ position }, partition) => [partition, position]));
    const entries = await log.read(after, { maxEntries: world.random.between(1, 8), waitMs: 0 });
    await turn();
    for (const entry of entries) {
      const archived = world.archive[entry.partition];
      if (archived === undefined || (archived.position !== null && entry.position <= archived.position)) continue;
      archived.position = entry.position;
      if (entry.kind === 'events') archived.events.push(...entry.body.split('\n').flatMap((line) => readLine(line) ?? []));
      if (entry.kind !== 'barrier') continue;
      const { generation } = JSON.parse(entry.body) as Barrier;
      if (generation <= archived.sealed) continue;
      archived.sealed = generation;
      archived.seals.set(generation, archived.events.length);
    }
  }
}

/** Begins generations, computes them once sealed, publishes, retires. Several may be at it, some of them long dead. */
export async function coordinator(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  const log = world.connectLog(turn);
  const serving = world.store.serving(turn);
  for (;;) {
    const newest = world.publications.at(-1);
    if (newest !== undefined) await serving.setPointer(newest);
    for (let idle = random.between(1, world.calm ? 1 : 25); idle > 0; idle--) await turn();
    const expectedSequence = world.publications.length;
    const generation = begin(world, name);
    if (!(await writeBarriers(world, name, log, generation))) continue;
    if (!(await untilSealed(world, generation, turn))) {
      world.count('superseded');
      world.tell(`${name}: g${generation} is superseded`);
      continue;
    }
    if (!world.computed.has(generation)) compute(world, generation);
    await turn();
    if (world.publications.length !== expectedSequence || !world.computed.has(generation)) continue;
    await publish(world, name, generation, 'publish', serving);
    if (random.chance(0.5)) await retire(world, turn, serving);
  }
}

function begin(world: World, name: string): number {
  const { random, begun } = world;
  const last = Math.max(0, ...begun.keys());
  // A coordinator that finds an unfinished generation takes it up again: its barriers appear twice.
  if (last > 0 && !world.computed.has(last) && random.chance(0.4)) return last;
  const before = begun.get(last) ?? world.initial.json;
  const changed = random.chance(0.25) ? changeDefinitions(random, world.parts.parse(before)).json : before;
  begun.set(last + 1, changed);
  world.tell(`${name}: begins g${last + 1}${changed === before ? '' : ' with other definitions'}`);
  return last + 1;
}

async function writeBarriers(
  world: World,
  name: string,
  log: ReturnType<World['connectLog']>,
  generation: number,
): Promise<boolean> {
  const { random } = world;
  const body = JSON.stringify({ generation, definitions: world.begun.get(generation) as string } satisfies Barrier);
  for (const partition of random.shuffle(Array.from({ length: world.partitions }, (_, p) => p))) {
    for (let attempt = 1; ; attempt++) {
      if (!world.calm && random.chance(0.1)) log.failNextAppend(random.pick(['reply-lost', 'not-applied', 'duplicated']));
      try {
        await log.append(partition, { kind: 'barrier', body });
        world.tell(`${name}: barrier g${generation} in p${partition}`);
        break;
      } catch (error) {
        operational(error);
        if (attempt === 3) return false;
      }
    }
  }
  return true;
}

/** False when some partition was cut by a newer generation first, or nobody seals it: the next one supersedes it. */
async function untilSealed(world: World, generation: number, turn: Turn): Promise<boolean> {
  for (let patience = 0; patience < 200; patience++) {
    if (world.archive.every(({ seals }) => seals.has(generation))) return true;
    if (world.archive.some(({ seals, sealed }) => sealed > generation && !seals.has(generation))) return false;
    await turn();
  }
  return false;
}

/** view(g): the oracle over the archived prefix. That SQL computes the same is law 5. */
function compute(world: World, generation: number): void {
  const json = world.begun.get(generation) as string;
  const definitions = world.parts.parse(json);
  const rows: RowsByView = new Map();
  for (const { events, seals } of world.archive) addRowsByView(rows, naive(events.slice(0, seals.get(generation)), definitions));
  const manifest: GenerationManifest = {
    generation,
    state: 'computed',
    mode: 'full',
    base: null,
    definitions: json,
    definitionsVersion: definitions.version,
    reason: 'simulation',
    createdAt: 0,
    computedAt: 0,
    lastSegment: [],
    cut: [],
    views: {},
    events: [],
    conversions: [],
    counts: { events: 0, newEvents: 0, duplicates: 0 },
  };
  world.computed.set(generation, { manifest, rows });
}

/** The caller has checked, in the same turn, that the generation is computed and the sequence what it expected. */
export async function publish(
  world: World,
  name: string,
  generation: number,
  action: 'publish' | 'rollback',
  serving: ServingStore,
): Promise<void> {
  const sequence = world.publications.length + 1;
  world.publications.push({ sequence, generation, action, held: false, at: 0, by: name });
  world.count(action);
  world.tell(`${name}: ${action} g${generation} as ${sequence}`);
  await serving.setPointer({ sequence, generation });
}

/** Keeps the two newest and the one that readers take; a manifest goes before its deltas. */
async function retire(world: World, turn: Turn, serving: ServingStore): Promise<void> {
  const kept = [...world.computed.keys()].sort((a, b) => a - b).slice(-2);
  const current = world.publications.at(-1)?.generation;
  const oldest = Math.min(...kept, current ?? 0);
  for (const generation of [...world.computed.keys()]) if (generation < oldest) world.computed.delete(generation);
  await turn();
  if (oldest === 0 || kept.length < 2) return;
  await serving.retireDeltas(oldest);
  world.count('retire');
  world.tell(`retired everything before g${oldest}`);
}

/** Reads through the API's own serving path and holds every answer against the oracle. */
export async function reader(world: World, name: string, turn: Turn): Promise<void> {
  let answers: PartitionDeltas[] = [];
  const store = world.store.serving(turn);
  const api = world.parts.createReader({
    partitions: world.partitions,
    store: { ...store, deltas: async (...question) => (answers = await store.deltas(...question)) },
    source: generationsOf(world, turn),
    definitions: world.initial,
  });
  for (;;) {
    await turn();
    try {
      const { generation, rows, pending } = await api.read();
      checkAnswer(world, name, generation, rows, pending, answers);
    } catch (error) {
      operational(error);
      world.count('no answer');
    }
  }
}

export function checkAnswer(
  world: World,
  name: string,
  generation: number,
  rows: RowsByView,
  pending: number,
  answers: readonly PartitionDeltas[],
): void {
  world.audit();
  world.count('answer');
  const expected: RowsByView = new Map();
  let [pendingFrom, pendingTo] = [0, 0];
  for (const { partition, state } of answers) {
    const own = world.ledgers[partition]?.expected(generation, state?.position ?? null);
    if (own === undefined) throw new Error(`an answer of partition ${partition}`);
    addRowsByView(expected, own.rows);
    pendingFrom += own.pendingFrom;
    pendingTo += own.pendingTo;
  }
  const wrong = differences(rows, expected);
  const at = answers.map(({ partition, state }) => `p${partition} at ${short(state?.position ?? null)}`).join(', ');
  if (wrong.length > 0)
    throw new Error(`law 1: ${name}, view(${generation}) + deltas, ${at}:\n  ${wrong.slice(0, 8).join('\n  ')}`);
  if (pending < pendingFrom || pending > pendingTo)
    throw new Error(`law 8: ${name}, ${pending} pending, expected ${pendingFrom} to ${pendingTo}, g${generation}, ${at}`);
  // Costly, and independent of what the oracle says: every fourth answer.
  const lost = (world.counts['answer'] ?? 0) % 4 === 0 ? unconserved(rows) : [];
  if (lost.length > 0) throw new Error(`law 4: ${name}, g${generation}, ${at}:\n  ${lost.join('\n  ')}`);
}

/** Per day, type, currency and model: credits are a million a conversion, attributed value is the conversions' value. */
export function unconserved(rows: RowsByView): string[] {
  const owed = new Map<string, [number, number]>();
  const models = ['first', 'last', 'lastNonDirect', 'linear', 'positionBased', 'timeDecay'];
  const owe = (key: string, credits: number, value: number) => {
    const [c, v] = owed.get(key) ?? [0, 0];
    owed.set(key, [c + credits, v + value]);
  };
  for (const [key, [count, value]] of rows.get('conversions') ?? []) {
    const [day, type, currency] = key.split('\t');
    for (const model of models) owe([day, type, currency, model].join(' · '), (count as number) * 1_000_000, value as number);
  }
  for (const [key, [credits, value]] of rows.get('credit') ?? []) {
    const [day, model, type, , , currency] = key.split('\t');
    owe([day, type, currency, model].join(' · '), -(credits as number), -(value as number));
  }
  return [...owed]
    .filter(([, [c, v]]) => c !== 0 || v !== 0)
    .map(([key, [c, v]]) => `${key}: ${c} micro-credits and ${v} minor units are missing`);
}

export function generationsOf(world: World, turn: Turn): SimulatedGenerations {
  const answer = async <T>(work: () => T): Promise<T> => {
    await turn();
    return work();
  };
  return {
    publication: () => answer(() => world.publications.at(-1) ?? null),
    manifests: () => answer(() => [...world.computed.values()].map(({ manifest }) => manifest).reverse()),
    manifest: (generation) => answer(() => world.computed.get(generation)?.manifest ?? null),
    viewRows: ({ generation }) =>
      answer(() => {
        const found = world.computed.get(generation);
        if (found === undefined) throw new TributaryError('archive_corrupt', `the files of generation ${generation} are gone`);
        return found.rows;
      }),
  };
}

/** Operational errors are part of life; anything else is a defect and ends the simulation. */
function operational(error: unknown): asserts error is TributaryError {
  if (!(error instanceof TributaryError)) throw error;
}

export function groupByPartition(events: readonly Event[], partitions: number): Map<number, Event[]> {
  const groups = new Map<number, Event[]>();
  for (const event of events) {
    const partition = partitionOf(userKeyOf(event), partitions);
    groups.set(partition, [...(groups.get(partition) ?? []), event]);
  }
  return groups;
}
