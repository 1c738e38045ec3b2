/**
 * End to end: from sending an event over HTTP until the API shows it, while events flow at a steady rate. The load goes out
 * in requests of ten events, as SDKs batch; the probes are single events of users of their own, read by polling.
 * What an event costs each role is of both: a probe has some dozen reads of the API and of Redis.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '@tributary/local/launch';
import { cpuSeconds } from './cpu-of-process.ts';
import { flow } from './flow.ts';
import { createHttp, type Http } from './http.ts';
import { percentile, withPlatform } from './platform.ts';
import type { Figure } from './report.ts';

const PROBES_PER_SECOND = 20;
const WARM_UP_S = 5;
const GIVE_UP_MS = 10_000;

/** `env`: settings of the platform. `p50`: the goal, ms. */
export function benchEndToEnd(
  eventsPerSecond: number,
  seconds: number,
  { env = {}, p50 = 15 }: { readonly env?: Readonly<Record<string, string>>; readonly p50?: number } = {},
): Promise<Figure[]> {
  return withPlatform(async (platform) => {
    const { collectorUrl, apiUrl, keys } = platform;
    const collector = createHttp(collectorUrl, keys.write);
    const api = createHttp(apiUrl, keys.read);
    const end = Date.now() + (WARM_UP_S + seconds) * 1000;
    const sent = flow(collector, eventsPerSecond, end);
    await sleep(WARM_UP_S * 1000);
    const spent = cpuOfRoles(platform);
    const sinceMs = performance.now();
    const measured = await probes(collector, api, end);
    const readable = measured.map((each) => each.readableMs);
    const acknowledged = measured.map((each) => each.acknowledgedMs);
    const { accepted, behindMs, refused } = await sent;
    const tookS = (performance.now() - sinceMs) / 1000;
    const cpu = spent();
    collector.close();
    api.close();
    const rate = accepted / (WARM_UP_S + seconds);
    const micros = (name: CpuOf) => (1e6 * cpu[name]) / (rate * tookS);
    const note = `${measured.length} probes; the flow fell at most ${Math.round(behindMs)} ms behind, ${refused} requests refused`;
    return [
      {
        section: 'end to end',
        figure: 'events flowing',
        value: rate,
        unit: 'events/s',
        goal: { value: eventsPerSecond * 0.99, better: 'more' },
        note,
      },
      { section: 'end to end', figure: 'HTTP acknowledged, p50', value: percentile(acknowledged, 0.5), unit: 'ms' },
      { section: 'end to end', figure: 'HTTP acknowledged, p99', value: percentile(acknowledged, 0.99), unit: 'ms' },
      {
        section: 'end to end',
        figure: 'HTTP to readable, p50',
        value: percentile(readable, 0.5),
        unit: 'ms',
        goal: { value: p50, better: 'less' },
      },
      {
        section: 'end to end',
        figure: 'HTTP to readable, p99',
        value: percentile(readable, 0.99),
        unit: 'ms',
        goal: { value: 100, better: 'less' },
      },
      {
        section: 'end to end',
        figure: 'collector, worker and Redis, CPU',
        value: micros('collector') + micros('speed') + micros('redis'),
        unit: 'µs an event',
        note: CPU_OF.map((name) => `${name} ${micros(name).toFixed(1)}`).join(', '),
      },
    ];
  }, env);
}

const CPU_OF = ['collector', 'speed', 'redis', 'archiver', 'api'] as const;
type CpuOf = (typeof CPU_OF)[number];

/** What each has spent from now on until that is asked, s. */
function cpuOfRoles({ roles, redis }: Platform): () => Readonly<Record<CpuOf, number>> {
  const now = () =>
    CPU_OF.map((name) => {
      const { pid } = name === 'redis' ? redis : roles[name];
      if (pid === null) throw new Error(`${name} does not run`);
      return cpuSeconds(pid);
    });
  const before = now();
  return () => {
    const after = now();
    return Object.fromEntries(CPU_OF.map((name, i) => [name, (after[i] as number) - (before[i] as number)])) as Record<
      CpuOf,
      number
    >;
  };
}

interface Probe {
  readonly acknowledgedMs: number;
  readonly readableMs: number;
}

async function probes(collector: Http, api: Http, end: number): Promise<Probe[]> {
  const latencies: Probe[] = [];
  const open: Promise<void>[] = [];
  while (Date.now() < end - 1000) {
    open.push(probe(collector, api).then((measured) => void latencies.push(measured)));
    await sleep(1000 / PROBES_PER_SECOND);
  }
  await Promise.all(open);
  return latencies;
}

async function probe(collector: Http, api: Http): Promise<Probe> {
  const userId = `probe-${randomUUID()}`;
  const start = performance.now();
  const { status, body } = await collector.post('/v1/events', JSON.stringify({ type: 'probe', userId, source: 'bench' }));
  if (status !== 200) throw new Error(`the collector answered ${status}: ${body}`);
  const acknowledgedMs = performance.now() - start;
  while (performance.now() - start < GIVE_UP_MS) {
    const answer = await api.get(`/v1/users/${userId}/signals?limit=1`);
    if (answer.body.includes('"type":"probe"')) return { acknowledgedMs, readableMs: performance.now() - start };
    await sleep(1);
  }
  return { acknowledgedMs, readableMs: GIVE_UP_MS };
}
