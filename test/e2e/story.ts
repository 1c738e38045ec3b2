/**
 * `npm run story`: the whole story once, on a data folder and ports of its own. Each step asserts what it shows; the first
 * that fails ends the story with exit 1. With `--kafka` the log lies in Kafka: at KAFKA_BROKERS, or in a broker of its own. Keys of one
 * person are joined.
 */
import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Coalition, SEPARATOR, type Transition } from '@tributary/attribution/data-driven/counts';
import { markov } from '@tributary/attribution/data-driven/markov';
import { rateGame } from '@tributary/attribution/data-driven/rate-game';
import { startPlatform } from '@tributary/local/launch';
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { kafkaForTests } from '@tributary/testkit/kafka/for-tests';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import { type Client, createClient, type SentEvent, until } from './client.ts';
import { eraseToTheLastByte, type Life, liveWhileKilled, SHORT_SEGMENTS } from './joined-killed.ts';
import { creditOf, type OutputLine, outputLines } from './outputs.ts';
import { isTrue, JOINED, shopper, under } from './shop-life.ts';
import { shoppers } from './shoppers.ts';

const definitions = builtInDefinitions();
const startedAt = performance.now();

async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    const result = await work();
    process.stdout.write(`✓ ${title}  ${Math.round(performance.now() - start)} ms\n`);
    return result;
  } catch (error) {
    process.stdout.write(`✗ ${title}\n`);
    throw error;
  }
}

/** The truth about `events`, by the slow oracle. */
function truth(events: readonly SentEvent[]): RowsByView {
  return naive(
    events.map((event) => ({ ...event, receivedAt: event.ts }) as Event),
    definitions,
  );
}

function assertEqual(actual: RowsByView, expected: RowsByView): void {
  const wrong = differences(actual, expected);
  assert.equal(wrong.length, 0, `${wrong.length} rows differ, the first: ${wrong.slice(0, 5).join('\n')}`);
}

/** Waits until the speed layer has read everything that was acknowledged: the activity counts say so. */
async function untilCounted(client: Client, events: number): Promise<void> {
  await until(`${events} events are counted`, 30_000, async () => (await client.read('/v1/activity')).totals.events >= events);
}

/** What is more to be shown of one person: what was sent by then. */
type JoinedSteps = (life: Life) => Promise<void>;

async function story(client: Client, readOutputs: () => Promise<OutputLine[]>, joinedSteps: JoinedSteps): Promise<void> {
  const nowMs = Date.now();
  const anna: SentEvent[] = [
    {
      ts: nowMs - 50 * HOUR_MS,
      type: 'ad_click',
      id: 'anna-1',
      userId: 'anna',
      source: 'story',
      channel: 'paid-search',
      campaign: 'autumn',
    },
    {
      ts: nowMs - 20 * HOUR_MS,
      type: 'email_click',
      id: 'anna-2',
      userId: 'anna',
      source: 'story',
      channel: 'email',
      campaign: 'letter',
    },
    { ts: nowMs - 2 * HOUR_MS, type: 'product_view', id: 'anna-3', userId: 'anna', source: 'story', page: '/boots' },
    { ts: nowMs - HOUR_MS, type: 'purchase', id: 'anna-4', userId: 'anna', source: 'story', value: 9_999, currency: 'EUR' },
  ];
  const crowd = shoppers({ seed: 7, events: 3_000, users: 150, nowMs });
  const inTime = [...anna, ...crowd];

  await step('ingest: events are acknowledged once the log has them', async () => {
    for (const event of anna) await client.send([event]);
    for (let i = 0; i < crowd.length; i += 250) await client.send(crowd.slice(i, i + 250));
    await untilCounted(client, inTime.length);
  });

  await step('signals: what anna did lately, newest first', async () => {
    const { signals } = await client.read('/v1/users/anna/signals?limit=10');
    assert.deepEqual(
      signals.map((signal: { id: string }) => signal.id),
      ['anna-4', 'anna-3', 'anna-2', 'anna-1'],
    );
  });

  await step('real time: attribution before any batch equals the naive computation, to the integer', async () => {
    assertEqual(await client.rows(), truth(inTime));
  });

  await step('outputs: the newest line of each conversion is its credit', async () => {
    const expected = new Map([['credit', truth(inTime).get('credit') ?? new Map()]]);
    await until('every conversion was passed on', 30_000, async () => {
      const wrong = differences(creditOf(await readOutputs()), expected);
      return wrong.length === 0;
    });
  });

  await step('explain: every touch of one conversion under every model, credits summing to exactly one', async () => {
    const explained = await client.read('/v1/conversions/anna-4');
    assert.match(JSON.stringify(explained), /paid-search/);
  });

  await step('duplicates: sending the same events again changes nothing', async () => {
    await client.send(anna);
    await client.send(crowd.slice(0, 500));
    await client.send([{ ts: nowMs, type: 'marker', id: 'marker-1', userId: 'anna', source: 'story' }]);
    await untilCounted(client, inTime.length + 1);
    assertEqual(await client.rows(), truth([...inTime, marker('marker-1', nowMs)]));
  });

  const first = await step('a generation: the batch layer recomputes, the answer stays what it was', async () => {
    const generation = await client.generation('full');
    assertEqual(await client.rows(), truth([...inTime, marker('marker-1', nowMs)]));
    return generation;
  });

  const known = [...inTime, marker('marker-1', nowMs)];
  const late: SentEvent[] = shoppers({
    seed: 9,
    events: 400,
    users: 150,
    nowMs: nowMs - 5 * DAY_MS,
    spreadMs: 4 * DAY_MS,
    prefix: 'late',
  });
  const before = await step('late events: archived and pending, the frozen past does not move', async () => {
    await client.send(late);
    await until('late events are pending', 30_000, async () => (await client.read('/v1/activity')).meta.pending === late.length);
    const rows = await client.rows();
    assert.deepEqual(rows.get('conversions'), truth(known).get('conversions'));
    return rows;
  });

  const everything = [...known, ...late];
  const second = await step('the next generation: everything exact, nothing pending', async () => {
    const generation = await client.generation();
    assertEqual(await client.rows(), truth(everything));
    assert.equal((await client.read('/v1/activity')).meta.pending, 0);
    return generation;
  });

  await step('reconciliation: names what users saw, what is true, and why they differ', async () => {
    const report = await until('the reconciliation is there', 30_000, () => client.read(`/v1/reconciliations/${second}`));
    assert.match(JSON.stringify(report), new RegExp(`"(pending|late\\w*)":${late.length}\\b`));
  });

  await step('models: removal effects and Shapley values, live, are those of the naive counts, bit for bit', async () => {
    const rows = truth(everything);
    const live = async (model: string) => effects((await client.read(`/v1/attribution?model=${model}`)).rows);
    assert.deepEqual(await live('markov'), effects(markov(transitionsOf(rows)).channels));
    assert.deepEqual(await live('rateShapley'), effects(rateGame(coalitionsOf(rows)).channels));
  });

  await step('rollback: the answer is what it was, exactly; and forward again', async () => {
    await admin(client, `/v1/generations/${first}/rollback`);
    await until('the rollback is served', 30_000, async () => (await client.read('/v1/activity')).meta.generation === first);
    assertEqual(await client.rows(), before);
    await admin(client, `/v1/generations/${second}/publish`);
    await until('the newer one is served', 30_000, async () => (await client.read('/v1/activity')).meta.generation === second);
    assertEqual(await client.rows(), truth(everything));
  });

  const sent = [...everything];
  const owners = new Map<string, string>();
  await step(
    'one person: what a visitor did before they signed in earns its credit, live and recomputed, under either key',
    async () => {
      const vera = shopper('vera', 'cookie-of-vera', nowMs);
      for (const event of [...vera.visit, vera.signIn, vera.order]) await client.send([event]);
      sent.push(...vera.visit, vera.signIn, vera.order);
      owners.set(vera.cookie, vera.user);
      const isCredited = isTrue(client, sent, owners);
      await until('the order is credited to the ad', 30_000, isCredited);
      const live = await under(client, vera.user, vera.order.id);
      assert.equal(live['owner'], vera.user);
      assert.deepEqual(await under(client, vera.cookie, vera.order.id), live);
      await client.generation();
      await until('history says the same', 30_000, isCredited);
      assert.deepEqual(await under(client, vera.cookie, vera.order.id), live);
    },
  );
  await joinedSteps({ sent, owners });

  await step('conserved: every conversion is credited with exactly 1 000 000 micros under every model', async () => {
    const { totals } = await client.read('/v1/attribution/compare');
    const conversions = (await client.read('/v1/conversions?by=type')).totals;
    for (const [model, sums] of Object.entries(totals.models as Record<string, { creditMicros: number; valueMinor: number }>)) {
      assert.equal(sums.creditMicros, conversions.conversions * 1_000_000, model);
      assert.equal(sums.valueMinor, conversions.valueMinor, model);
    }
  });
}

/** What a model says of each channel; `(unattributed)` is not a channel of a model. */
function effects(rows: readonly { channel: string; effect: number | null }[]): Record<string, number> {
  return Object.fromEntries(rows.flatMap(({ channel, effect }) => (effect === null ? [] : [[channel, effect]])));
}

function transitionsOf(rows: RowsByView): Transition[] {
  const state = (text = '') => (text === '' ? [] : text.split(SEPARATOR));
  const edge = (from: string | undefined, to: string | undefined) => ({ from: state(from), to: state(to) });
  return [
    ...[...(rows.get('transitions') ?? [])].map(([key, [conversions = 0, value = 0]]) => {
      const [, , from, to] = key.split('\t');
      return { ...edge(from, to), conversions: Number(conversions), value: Number(value), nulls: 0 };
    }),
    ...[...(rows.get('nullTransitions') ?? [])].map(([key, [nulls = 0]]) => {
      const [, from, to] = key.split('\t');
      return { ...edge(from, to), conversions: 0, value: 0, nulls: Number(nulls) };
    }),
  ];
}

function coalitionsOf(rows: RowsByView): Coalition[] {
  return [
    ...[...(rows.get('coalitions') ?? [])].map(([key, [conversions = 0, value = 0]]) => {
      const channels = key.split('\t')[2] as string;
      return { channels: channels.split(SEPARATOR), conversions: Number(conversions), value: Number(value), nulls: 0 };
    }),
    ...[...(rows.get('nullCoalitions') ?? [])].map(([key, [nulls = 0]]) => {
      const channels = key.split('\t')[1] as string;
      return { channels: channels.split(SEPARATOR), conversions: 0, value: 0, nulls: Number(nulls) };
    }),
  ].filter(({ channels }) => channels[0] !== '');
}

const marker = (id: string, ts: number): SentEvent => ({ ts, type: 'marker', id, userId: 'anna', source: 'story' });

async function admin(client: Client, path: string): Promise<void> {
  const { status, body } = await client.admin('POST', path, {});
  assert.ok(status < 300, `POST ${path} answered ${status}: ${JSON.stringify(body)}`);
}

const flag = { type: 'boolean', default: false } as const;
const { kafka: onKafka } = parseArgs({ options: { kafka: flag } }).values;
/** A broker writes, copies and removes files by partition, and each generation reads by partition: four are enough for all that is shown. */
const ON_KAFKA = { TRIBUTARY_TRIM_DELAY_MS: '1000', TRIBUTARY_BATCH_KEEP_GENERATIONS: '2', TRIBUTARY_PARTITIONS: '4' };
const dataDir = await mkdtemp(join(tmpdir(), 'tributary-story-'));
const kafkaDir = `${dataDir}-kafka`;
process.stdout.write(`Tributary: the whole story, on a folder and ports of its own${onKafka ? ', the log in Kafka' : ''}\n`);
let kafka: Awaited<ReturnType<typeof kafkaForTests>> | undefined;
let platform: Awaited<ReturnType<typeof startPlatform>> | undefined;
try {
  if (onKafka) kafka = await step('start: a Kafka broker', () => kafkaForTests({ dataDir: kafkaDir, settings: SHORT_SEGMENTS }));
  const file = `${dataDir}-definitions.json`;
  await writeFile(file, JSON.stringify(JOINED));
  const env = {
    TRIBUTARY_DEFINITIONS_FILE: file,
    TRIBUTARY_BATCH_EVERY_MS: '0',
    TRIBUTARY_LOG_LEVEL: 'warn',
    TRIBUTARY_OUTPUTS: 'conversions',
    ...(onKafka && ON_KAFKA),
    ...(kafka && {
      TRIBUTARY_KAFKA_BROKERS: kafka.bootstrap,
      // A broker that was there already keeps its topics: this story's are its own.
      TRIBUTARY_KAFKA_TOPIC_PREFIX: `story-${process.pid}-${Date.now()}`,
    }),
  };
  platform = await step('start: log, collector, speed, archiver, api and recompute', () => startPlatform({ dataDir, env }));
  const started = platform;
  const client = createClient(started);
  const joinedSteps: JoinedSteps = async (life) => {
    if (!onKafka) return;
    await step('one person: each role is killed in the middle, and nothing is lost or counted twice', () =>
      liveWhileKilled(started, client, life),
    );
    if (kafka?.owned)
      await step('erased: no byte of the person is left in Redis, in the data folder, or in Kafka’s files of the log', () =>
        eraseToTheLastByte(started, client, life, kafkaDir),
      );
  };
  await story(client, () => outputLines(started.redisUrl, env), joinedSteps);
  process.stdout.write(`\nThe story holds: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
} catch (error) {
  process.stderr.write(`\n${(error as Error).stack}\n`);
  process.exitCode = 1;
} finally {
  await platform?.stop();
  await kafka?.stop();
  await rm(kafkaDir, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
  await rm(`${dataDir}-definitions.json`, { force: true });
}
