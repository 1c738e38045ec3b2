/**
 * Reads: signals of 100 users × 20 in one request, and of a single user beside bare Fastify routes that send as many
 * bytes, from memory and from Redis. Every server is a process of its own; this one makes the load.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createHttp, type Drained, type Http } from './http.ts';
import { percentile, withPlatform } from './platform.ts';
import type { Figure } from './report.ts';
import { workload } from './workload.ts';

export const USERS = 2_000;
const SIGNALS = 30;
const CONCURRENT = 8;
/** Code is compiled while it runs: after two seconds a single read took 50 µs, after six 33. */
const WARM_UP_S = 6;
/** Odd: the median is one of them. */
const ROUNDS = 3;

export function benchReads(seconds: number): Promise<Figure[]> {
  return withPlatform(async ({ collectorUrl, apiUrl, redisUrl, keys }) => {
    const collector = createHttp(collectorUrl, keys.write);
    const users = await fill(collector);
    const api = createHttp(apiUrl, keys.read);
    await untilReadable(api, users);

    let asked = 0;
    const query = async () => {
      const from = (asked++ * 100) % (USERS - 100);
      const body = JSON.stringify({ users: users.slice(from, from + 100), limit: 20 });
      const { status, bytes } = await api.drainPost('/v1/signals/query', body);
      if (status !== 200 || bytes < 100 * 20 * 150) throw new Error(`a query answered ${status} with ${bytes} bytes`);
    };
    const apiCpu = () => cpuOfMetrics(api);
    await measure(WARM_UP_S, apiCpu, query);
    const many: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) many.push(await measure(seconds / ROUNDS, apiCpu, query));

    const sample = await api.get(`/v1/users/${users[0]}/signals?limit=20`);
    if (sample.status !== 200) throw new Error(`a read answered ${sample.status}: ${sample.body}`);
    const bytes = Buffer.byteLength(sample.body);
    const bareServer = await startBare(bytes, redisUrl);
    try {
      const bareApi = createHttp(bareServer.url, 'none');
      const bareCpu = async () => (JSON.parse((await bareApi.get('/cpu')).body) as { micros: number }).micros;
      const readBare = async () => sound(await bareApi.drainGet('/bare'), bytes);
      const readGet = async () => sound(await bareApi.drainGet('/get'), bytes);
      const readSingle = async () =>
        sound(await api.drainGet(`/v1/users/${users[asked++ % USERS]}/signals?limit=20`), bytes * 0.8);
      await measure(WARM_UP_S, bareCpu, readBare);
      await measure(WARM_UP_S, bareCpu, readGet);
      await measure(WARM_UP_S, apiCpu, readSingle);
      // In turn, A B A B: the machine's speed drifts.
      const single: Measured[] = [];
      const bare: Measured[] = [];
      const get: Measured[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        bare.push(await measure(seconds / ROUNDS, bareCpu, readBare));
        get.push(await measure(seconds / ROUNDS, bareCpu, readGet));
        single.push(await measure(seconds / ROUNDS, apiCpu, readSingle));
      }
      bareApi.close();
      const section = 'reads';
      const ratio = (base: readonly Measured[], of: (one: Measured) => number) =>
        median(single.map((s, i) => of(s) / of(base[i] as Measured)));
      return [
        {
          section,
          figure: '100 users × 20 signals',
          value: medianOf(many, 'perSecond') * 100,
          unit: 'users/s',
          goal: { value: 50_000, better: 'more' },
          note: 'aim: 70 000',
        },
        { section, figure: 'CPU of the API, 100 × 20', value: medianOf(many, 'cpuMicros'), unit: 'µs/request' },
        {
          section,
          figure: 'bare Fastify route',
          value: medianOf(bare, 'perSecond'),
          unit: 'requests/s',
          note: `${bytes} bytes from memory`,
        },
        { section, figure: 'CPU of the bare route', value: medianOf(bare, 'cpuMicros'), unit: 'µs/request' },
        { section, figure: 'single user', value: medianOf(single, 'perSecond'), unit: 'requests/s' },
        { section, figure: 'CPU of the API, single user', value: medianOf(single, 'cpuMicros'), unit: 'µs/request' },
        {
          section,
          figure: 'single user / bare route',
          value: ratio(bare, (one) => one.perSecond),
          unit: '×',
          goal: { value: 0.7, better: 'more' },
          note: 'the bare route asks no Redis',
        },
        { section, figure: 'CPU of the bare route with one GET', value: medianOf(get, 'cpuMicros'), unit: 'µs/request' },
        {
          section,
          figure: 'single user / bare route with one GET, by CPU',
          value: ratio(get, (one) => 1 / one.cpuMicros),
          unit: '×',
          goal: { value: 0.8, better: 'more' },
          note: `the bare route gets ${bytes} bytes from the same Redis`,
        },
      ];
    } finally {
      collector.close();
      api.close();
      await bareServer.stop();
    }
  });
}

export async function fill(collector: Http): Promise<string[]> {
  const users = new Set<string>();
  let batch: string[] = [];
  const now = Date.now();
  let i = 0;
  for (const { line } of workload({ events: USERS * SIGNALS, users: 1_000_000, seed: 5 })) {
    const user = `reader-${i++ % USERS}`;
    users.add(user);
    batch.push(
      line
        .replace(/"ts":\d+/, `"ts":${now - USERS * SIGNALS + i}`)
        .replace(/"userId":"[^"]*"/, `"userId":"${user}"`)
        .replace(/,"receivedAt":\d+/, ''),
    );
    if (batch.length < 1000) continue;
    const { status, body } = await collector.post('/v1/events', `[${batch.join(',')}]`);
    if (status !== 200) throw new Error(`the collector answered ${status}: ${body}`);
    batch = [];
  }
  return [...users];
}

export async function untilReadable(api: Http, users: readonly string[]): Promise<void> {
  for (const end = Date.now() + 60_000; ; ) {
    const { body } = await api.get(`/v1/users/${users[USERS - 1]}/signals?limit=${SIGNALS}`);
    if (body.split('"ts":').length - 1 >= SIGNALS) return;
    if (Date.now() > end) throw new Error(`signals are not readable after 60 s: ${body.slice(0, 200)}`);
  }
}

export interface Measured {
  readonly perSecond: number;
  /** CPU time of the server, user and system, per call: what a shared machine leaves comparable. */
  readonly cpuMicros: number;
}

/** `CONCURRENT` callers, each with one call in flight. `cpu`: the server's CPU time so far, µs. */
export async function measure(seconds: number, cpu: () => Promise<number>, call: () => Promise<unknown>): Promise<Measured> {
  let calls = 0;
  const cpuBefore = await cpu();
  const start = performance.now();
  const end = start + seconds * 1000;
  const caller = async () => {
    while (performance.now() < end) {
      await call();
      calls++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, caller));
  const perSecond = calls / ((performance.now() - start) / 1000);
  return { perSecond, cpuMicros: ((await cpu()) - cpuBefore) / calls };
}

export async function cpuOfMetrics(api: Http): Promise<number> {
  const { body } = await api.get('/metrics');
  const seconds = /^process_cpu_seconds_total ([\d.]+)/m.exec(body)?.[1];
  if (seconds === undefined) throw new Error('the metrics do not have the CPU time');
  return Number(seconds) * 1e6;
}

function sound({ status, bytes }: Drained, least: number): void {
  if (status !== 200 || bytes < least) throw new Error(`a read answered ${status} with ${bytes} bytes`);
}

/** A process with the bare routes. */
export async function startBare(bytes: number, redisUrl: string): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./bare-server.ts', import.meta.url)), String(bytes), redisUrl], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

const median = (values: readonly number[]) => percentile(values, 0.5);
const medianOf = (measured: readonly Measured[], of: keyof Measured) => median(measured.map((m) => m[of]));
