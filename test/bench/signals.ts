/**
 * Values of 20 definitions of all kinds: of 100 users in one request, in the API's own form and on the wire of Feast, of 1 000 users, and of one, alone
 * and at half of the maximum rate; and a page of members of a segment. The API keeps what it made of values, so users are read again as they were, and
 * so that nothing that was kept is of use. The server is a process of its own; this one makes the load.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Platform } from '@tributary/local/launch';
import { createHttp, type Http } from './http.ts';
import { type OnSchedule, onSchedule } from './on-schedule.ts';
import { percentile, withPlatform } from './platform.ts';
import { cpuOfMetrics, fill, type Measured, measure, startBare, USERS, untilReadable } from './reads.ts';
import type { Figure } from './report.ts';

const WARM_UP_S = 6;
/**
 * Connections of a service that asks. Without a bound a stall of 40 ms opens hundreds of new ones, and what these cost the load and the API prolongs it to
 * seconds. A request that waits for one has waited since it was due.
 */
const CONNECTIONS = 64;
/** Odd: the median is one of them. */
const ROUNDS = 3;
/** About as many as an answer about one user has. */
const BARE_BYTES = 2_048;

export const TWENTY_DEFINITIONS = {
  fields: { product: 'properties.product', place: { from: 'properties.position', type: 'integer' } },
  signals: {
    views1h: { count: 'product_view', window: '1h' },
    views7d: { count: 'product_view', window: '7d' },
    searches1d: { count: 'search', window: '1d' },
    events30d: { count: '*', window: '30d' },
    today: { count: '*', window: { tumbling: '1d' } },
    spend30d: { sum: 'purchase.value', window: '30d' },
    dearest: { max: 'purchase.value' },
    cheapest: { min: 'purchase.value' },
    meanPlace: { mean: '*.place', window: '7d' },
    spread: { variance: '*.place', window: '7d' },
    products: { distinct: '*.product', window: '30d' },
    favourite: { mostFrequent: '*.product', window: '7d' },
    channels: { top: 'ad_click.channel', k: 3 },
    lastPage: { last: '*.page' },
    idle: { timeSince: '*' },
    conversion: { ratio: { of: { count: 'purchase' }, to: { count: 'product_view' } }, window: '30d' },
    interest: { decayedCount: 'product_view', halfLife: '1d' },
    lastViews: { type: 'product_view', fields: ['product', 'page'], keep: { count: 5, age: '30d' } },
  },
  sessions: { web: { gap: '30m', keep: { count: 3, age: '7d' } } },
  segments: { planner: { enter: "type == 'search'", ttl: '14d', exit: "type == 'purchase'" } },
};
const NAMES = [TWENTY_DEFINITIONS.signals, TWENTY_DEFINITIONS.sessions, TWENTY_DEFINITIONS.segments].flatMap((section) =>
  Object.keys(section),
);

export async function benchSignals(seconds: number): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const file = join(folder, 'definitions.json');
  await writeFile(file, JSON.stringify(TWENTY_DEFINITIONS));
  try {
    return await withPlatform(
      async (platform) => {
        const bare = await startBare(BARE_BYTES, platform.redisUrl);
        try {
          return await measured(seconds, platform, bare.url);
        } finally {
          await bare.stop();
        }
      },
      { TRIBUTARY_DEFINITIONS_FILE: file },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(seconds: number, { collectorUrl, apiUrl, keys }: Platform, bareUrl: string): Promise<Figure[]> {
  const collector = createHttp(collectorUrl, keys.write);
  const users = await fill(collector);
  const api = createHttp(apiUrl, keys.read, CONNECTIONS);
  await untilReadable(api, users);
  let asked = 0;
  const some = (count: number) => {
    const from = (asked++ * count) % (USERS - count + 1);
    return users.slice(from, from + count);
  };
  /** Every pass over the users asks in another order, which is another question: twenty of these are more than the API keeps. */
  const asNew = () => {
    const turn = Math.floor((asked * 100) / USERS) % NAMES.length;
    const signals = [...NAMES.slice(turn), ...NAMES.slice(0, turn)];
    return post(api, '/v1/signals/values', { users: some(100), signals, budgetMs: 500 }, 100);
  };
  const native = (count: number) => post(api, '/v1/signals/values', { users: some(count), signals: NAMES, budgetMs: 500 }, count);
  const feast = () => {
    const features = NAMES.map((name) => `profile:${name}`);
    return post(api, '/get-online-features', { entities: { user_id: some(100) }, features }, 100);
  };
  const cpu = () => cpuOfMetrics(api);
  const hundred = () => native(100);
  await measure(WARM_UP_S, cpu, hundred);
  await measure(WARM_UP_S / 2, cpu, feast);
  const own: Measured[] = [];
  const wire: Measured[] = [];
  const computed: Measured[] = [];
  // In turn, A B A B: the machine's speed drifts.
  for (let round = 0; round < ROUNDS; round++) {
    own.push(await measure(seconds / ROUNDS, cpu, hundred));
    wire.push(await measure(seconds / ROUNDS, cpu, feast));
    computed.push(await measure(seconds / ROUNDS, cpu, asNew));
  }
  const tookMs = await oneByOne(300, () => native(1_000));
  const singleMs = await oneByOne(2_000, () => native(1));
  const { perSecond: mostPerSecond } = await measure(seconds / ROUNDS, cpu, () => native(1));
  const bare = createHttp(bareUrl, 'none', CONNECTIONS);
  const readBare = () => bare.drainGet('/get');
  await measure(WARM_UP_S / 2, async () => 0, readBare);
  const half: OnSchedule[] = [];
  const halfOfBare: OnSchedule[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    half.push(await onSchedule(mostPerSecond / 2, seconds / ROUNDS, () => native(1)));
    halfOfBare.push(await onSchedule(mostPerSecond / 2, seconds / ROUNDS, readBare));
  }
  bare.close();
  let listed = 0;
  const membersMs = await oneByOne(300, async () => {
    const { status, bytes } = await api.drainGet('/v1/segments/planner/members?limit=1000');
    if (status !== 200) throw new Error(`members answered ${status}`);
    listed = bytes;
  });
  const page = JSON.parse((await api.get('/v1/segments/planner/members?limit=1000')).body) as Members;
  collector.close();
  api.close();
  const median = (of: readonly number[]) => percentile(of, 0.5);
  const section = 'signals';
  const what = `100 users × ${NAMES.length} values`;
  return [
    {
      section,
      figure: what,
      value: median(own.map(({ perSecond }) => perSecond)) * 100,
      unit: 'users/s',
      goal: { value: 70_000, better: 'more' },
      note: 'users are read again, and nothing of them changed',
    },
    { section, figure: `CPU of the API, ${what}`, value: median(own.map(({ cpuMicros }) => cpuMicros)), unit: 'µs/request' },
    { section, figure: `${what}, none kept`, value: median(computed.map(({ perSecond }) => perSecond)) * 100, unit: 'users/s' },
    {
      section,
      figure: `CPU of the API, ${what}, none kept`,
      value: median(computed.map(({ cpuMicros }) => cpuMicros)),
      unit: 'µs/request',
      note: 'and what to keep it costs',
    },
    { section, figure: `${what}, wire of Feast`, value: median(wire.map(({ perSecond }) => perSecond)) * 100, unit: 'users/s' },
    {
      section,
      figure: 'wire of Feast / own form, by CPU',
      value: median(wire.map(({ cpuMicros }, i) => cpuMicros / (own[i] as Measured).cpuMicros)),
      unit: '×',
      goal: { value: 2, better: 'less' },
    },
    {
      section,
      figure: `1 000 users × ${NAMES.length} values, one at a time, p99`,
      value: percentile(tookMs, 0.99),
      unit: 'ms',
      goal: { value: 10, better: 'less' },
      note: `median ${median(tookMs).toFixed(1)} ms`,
    },
    {
      section,
      figure: `one user × ${NAMES.length} values, one at a time, p99`,
      value: percentile(singleMs, 0.99),
      unit: 'ms',
      note: `median ${median(singleMs).toFixed(2)} ms`,
    },
    {
      section,
      figure: `one user × ${NAMES.length} values, at half of the maximum rate, p99`,
      value: percentile(tookIn(half), 0.99),
      unit: 'ms',
      goal: { value: 10, better: 'less' },
      note: `${howLate(half)}; ${Math.round(mostPerSecond / 2).toLocaleString('en')} requests/s on schedule, of ${Math.round(mostPerSecond).toLocaleString('en')}`,
    },
    {
      section,
      figure: 'a bare Fastify route with one GET, at the same rate, p99',
      value: percentile(tookIn(halfOfBare), 0.99),
      unit: 'ms',
      note: `${howLate(halfOfBare)}; in turn with the values: what this machine leaves of 10 ms to any server`,
    },
    {
      section,
      figure: 'a page of members of a segment, p99',
      value: percentile(membersMs, 0.99),
      unit: 'ms',
      goal: { value: 50, better: 'less' },
      note: `median ${median(membersMs).toFixed(1)} ms; ${page.members.length} of ${page.count} members, ${listed.toLocaleString('en')} bytes`,
    },
  ];
}

interface Members {
  readonly count: number;
  readonly members: readonly string[];
}

function tookIn(rounds: readonly OnSchedule[]): number[] {
  return rounds.flatMap(({ tookMs }) => tookMs);
}

function howLate(rounds: readonly OnSchedule[]): string {
  const lateMs = percentile(
    rounds.flatMap((round) => round.lateMs),
    0.99,
  );
  return `median ${percentile(tookIn(rounds), 0.5).toFixed(2)} ms; the load was late by ${lateMs.toFixed(1)} ms at p99`;
}

/** How long each took, ms. */
async function oneByOne(times: number, work: () => Promise<void>): Promise<number[]> {
  const tookMs: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await work();
    tookMs.push(performance.now() - began);
  }
  return tookMs;
}

async function post(api: Http, path: string, body: object, users: number): Promise<void> {
  const { status, bytes } = await api.drainPost(path, JSON.stringify(body));
  if (status !== 200 || bytes < users * NAMES.length * 10) throw new Error(`${path} answered ${status} with ${bytes} bytes`);
}
