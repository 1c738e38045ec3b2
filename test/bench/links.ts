/**
 * Keys of one person that are joined. The speed worker with and without `identity` over events without links, then over visits of which each ends with a
 * sign-in, one event in twenty: in turn, by processor time. Then a platform as processes, at a steady rate of such visits: how long after it was sent
 * a link shows the 200 events of a visitor under the key of the user. And which share of answers is complete where users are signed in (signed-in.ts).
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '@tributary/local/launch';
import type { EventLog } from '@tributary/log/port';
import { type Definitions, parseDefinitions } from '@tributary/model/definitions';
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, MINUTE_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { NAMESPACE } from '@tributary/runtime/event-log/keys';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { messagesKey, partitionPrefix } from '@tributary/store/format/keys';
import { createOutbox } from '@tributary/store/outbox/redis-outbox';
import type { Redis } from 'ioredis';
import { relayLog } from '../../services/speed/src/messages/relay-log.ts';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { JOINED } from '../e2e/shop-life.ts';
import { joined } from '../laws/adoption-world.ts';
import { fill } from './fill.ts';
import { flow } from './flow.ts';
import { createHttp, type Http } from './http.ts';
import { percentile, withPlatform } from './platform.ts';
import { PARTITIONS, withRedisLog } from './redis-log.ts';
import type { Figure } from './report.ts';
import { benchComplete } from './signed-in.ts';
import { type Workload, type WorkloadEvent, workload } from './workload.ts';

/** The speed of a machine that others use as well varies by more than what is measured: the least of several is nearest to a quiet one. */
const ROUNDS = 7;
/** Events of a visit: four with the key of the visitor, the sign-in, and what users do. */
const VISIT = 20;
const HISTORY = 200;
const PROBES_PER_SECOND = 4;
const WARM_UP_S = 5;
const GIVE_UP_MS = 10_000;
const LINE_BYTES = 250;

const PLAIN = parseDefinitions('{}', sha256Hex);
const IDENTITY = joined(PLAIN);

export async function benchLinks(load: Workload, eventsPerSecond: number, seconds: number): Promise<Figure[]> {
  const without = await measured(load, () => workload(load));
  const withLinks = await measured(load, () => visitsOf(load));
  const note = ({ plain, withIdentity: joinedMicros, messages }: Pair) =>
    `µs of the worker per event: ${plain.toFixed(1)} without, ${joinedMicros.toFixed(1)} with, ${messages} messages; the least of ${ROUNDS} each, in turn`;
  const worker = (figure: string, pair: Pair, goal?: Figure['goal']): Figure => ({
    ...{ section: 'links', figure, value: pair.plain / pair.withIdentity, unit: '×', note: note(pair) },
    ...(goal && { goal }),
  });
  return [
    worker('worker with joined keys / without, no links', without, { value: 0.95, better: 'more' }),
    worker('the same, one event in 20 a link of four', withLinks),
    ...(await onJoined((platform) => benchVisible(platform, eventsPerSecond, seconds))),
    ...(await onJoined((platform) => benchComplete(platform, eventsPerSecond, seconds))),
  ];
}

interface Pair {
  readonly plain: number;
  readonly withIdentity: number;
  readonly messages: number;
}

async function measured(load: Workload, events: () => Iterable<WorkloadEvent>): Promise<Pair> {
  const [plain, withIdentity]: [number[], number[]] = [[], []];
  let messages = 0;
  // The first round runs in: nothing of it counts.
  for (let round = 0; round <= ROUNDS; round++) {
    const both = [[PLAIN, plain] as const, [IDENTITY, withIdentity] as const];
    // A log of its own: what was said in one is in it. Neither always goes first.
    for (const [definitions, micros] of round % 2 === 0 ? both : both.toReversed())
      await withRedisLog(async (log, store) => {
        await fill(log, load, events());
        const before = process.cpuUsage();
        const said = await catchUp(log, store, definitions);
        if (definitions === IDENTITY) messages = said;
        const { user, system } = process.cpuUsage(before);
        if (round > 0) micros.push((user + system) / load.events);
      });
  }
  return { plain: Math.min(...plain), withIdentity: Math.min(...withIdentity), messages };
}

/** To the end, messages between keys included. How many of these there were. */
async function catchUp(log: EventLog, store: Redis, definitions: Definitions): Promise<number> {
  const worker = createSpeedWorker({
    log,
    store: createSpeedStore(store, 'bench'),
    definitions,
    partitions: Array.from({ length: PARTITIONS }, (_, p) => p),
    sha256Hex,
    digestOf: sha256Hex,
    commitId: randomUUID,
    limits: { maxEntries: 10, waitMs: 0 },
  });
  const outbox = createOutbox(store, 'bench', messagesKey);
  const relay = relayLog(log);
  let messages = 0;
  const relayAll = async () => {
    const before = messages;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const { from, lines } = await outbox.read(partition, 1_000);
      if (lines.length === 0) continue;
      await relay.append(partition, { kind: 'events', body: lines.join('\n') });
      await outbox.remove(partition, from + lines.length);
      messages += lines.length;
    }
    return messages > before;
  };
  do {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  } while (definitions.joinedMs !== null && (await relayAll()));
  return messages;
}

function* visitsOf(load: Workload): Generator<WorkloadEvent> {
  let i = 0;
  for (const { userKey, line } of workload(load)) {
    const shaped = asVisit(line, i++);
    yield shaped === line ? { userKey, line } : { userKey: keyOf(shaped), line: shaped };
  }
}

/** The event as one of a visit. */
function asVisit(line: string, i: number): string {
  const at = i % VISIT;
  if (at > 4) return line;
  const anonymousId = `visit-${(i - at) / VISIT}`;
  const { userId, ...event } = JSON.parse(line) as Event;
  const { id, ts, receivedAt, source } = event;
  return at < 4
    ? encodeEvent({ ...event, anonymousId })
    : encodeEvent({ id, ts, receivedAt, source, type: 'identify', ...(userId !== undefined && { userId }), anonymousId });
}

function keyOf(line: string): string {
  const { userId, anonymousId = '' } = JSON.parse(line) as Event;
  return userId ?? anonymousId;
}

/** On a platform of its own, which joins keys. */
async function onJoined(work: (platform: Platform) => Promise<Figure[]>): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-links-'));
  const file = join(folder, 'definitions.json');
  writeFileSync(file, JSON.stringify({ identity: JOINED.identity }));
  try {
    return await withPlatform(work, { TRIBUTARY_DEFINITIONS_FILE: file });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchVisible({ collectorUrl, apiUrl, redisUrl, keys }: Platform, eventsPerSecond: number, seconds: number) {
  const collector = createHttp(collectorUrl, keys.write);
  const api = createHttp(apiUrl, keys.read);
  const end = Date.now() + (WARM_UP_S + seconds) * 1_000;
  const run = randomUUID();
  let i = 0;
  // Visits of this run alone: a key that was linked before is another case.
  const sent = flow(collector, eventsPerSecond, end, (line) => asVisit(line, i++).replace('"visit-', `"visit-${run}-`));
  await sleep(WARM_UP_S * 1_000);
  const store = connectRedis(redisUrl, 'serving', () => {});
  await whenReady(store, 10_000);
  const probes = await probesUntil({ collector, api, store }, end);
  const { accepted, behindMs, refused } = await sent;
  store.disconnect();
  collector.close();
  api.close();
  return figuresOf(probes, { rate: accepted / (WARM_UP_S + seconds), eventsPerSecond, behindMs, refused });
}

interface Flow {
  readonly rate: number;
  readonly eventsPerSecond: number;
  readonly behindMs: number;
  readonly refused: number;
}

function figuresOf(probes: readonly Probe[], { rate, eventsPerSecond, behindMs, refused }: Flow): Figure[] {
  const visible = probes.map(({ visibleMs }) => visibleMs);
  const apart = probes.filter(({ isWhole }) => !isWhole).length;
  return [
    {
      ...{ section: 'links', figure: 'events flowing, one in 20 a link', value: rate, unit: 'events/s' },
      goal: { value: eventsPerSecond * 0.99, better: 'more' },
      note: `the flow fell at most ${Math.round(behindMs)} ms behind, ${refused} requests refused`,
    },
    { section: 'links', figure: `a link of ${HISTORY} events visible, p50`, value: percentile(visible, 0.5), unit: 'ms' },
    { section: 'links', figure: 'the same, p90', value: percentile(visible, 0.9), unit: 'ms' },
    {
      ...{ section: 'links', figure: 'the same, p99', value: percentile(visible, 0.99), unit: 'ms' },
      goal: { value: 100, better: 'less' },
      note: `${probes.length} probes, from sending the sign-in; ${apart} of them in parts`,
    },
  ];
}

interface Probe {
  readonly visibleMs: number;
  /** What was read next had all events. */
  readonly isWhole: boolean;
}

interface Doors {
  readonly collector: Http;
  readonly api: Http;
  /** To wait without asking the API, which would have to read the record each time. */
  readonly store: Redis;
}

async function probesUntil(doors: Doors, end: number): Promise<Probe[]> {
  const found: Probe[] = [];
  const open: Promise<void>[] = [];
  while (Date.now() < end - 2_000) {
    open.push(probe(doors).then((one) => void found.push(one)));
    await sleep(1_000 / PROBES_PER_SECOND);
  }
  await Promise.all(open);
  return found;
}

async function probe({ collector, api, store }: Doors): Promise<Probe> {
  const [anonymousId, userId] = [`cookie-${randomUUID()}`, `probe-${randomUUID()}`];
  const now = Date.now();
  const typed = (i: number) => (i === 0 ? 'newest' : i === HISTORY - 1 ? 'oldest' : 'product_view');
  const history = Array.from({ length: HISTORY }, (_, i) => ({
    ...{ ts: now - 1_000 - i * Math.min(MINUTE_MS, DAY_MS / HISTORY), type: typed(i), anonymousId, source: 'bench' },
    ...{ page: `https://shop.example/p/${i}`, properties: { product: `sku-${i}`, position: i, list: 'recommended' } },
  }));
  await post(collector, history);
  await isStored(store, anonymousId);
  // Not in the commit of what it moves.
  await sleep(500);
  const start = performance.now();
  await post(collector, [{ type: 'identify', userId, anonymousId, source: 'bench' }]);
  await isStored(store, userId);
  const { body } = await api.get(`/v1/users/${userId}/signals?limit=${HISTORY + 1}`);
  const visibleMs = performance.now() - start;
  return { visibleMs, isWhole: (JSON.parse(body) as { signals: unknown[] }).signals.length === HISTORY + 1 };
}

async function post(collector: Http, events: readonly object[]): Promise<void> {
  const { status, body } = await collector.post('/v1/events', JSON.stringify(events));
  if (status !== 200 || body.includes('"code"')) throw new Error(`the collector answered ${status}: ${body.slice(0, 300)}`);
}

/** Until all of the history is in the record of a key, each line of which has more bytes than this. */
async function isStored(store: Redis, key: string): Promise<void> {
  const start = performance.now();
  const name = `${partitionPrefix(NAMESPACE, partitionOf(key, PARTITIONS))}u:${key}`;
  while ((await store.strlen(name)) < HISTORY * LINE_BYTES) {
    if (performance.now() - start > GIVE_UP_MS) return;
    await sleep(1);
  }
}
