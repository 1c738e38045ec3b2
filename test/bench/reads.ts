/**
 * Reads: signals of 100 users × 20 in one request, and of a single user beside a bare Fastify route that sends as many
 * bytes from memory. Every server is a process of its own; this one makes the load.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createHttp, type Http } from './http.ts';
import { withPlatform } from './platform.ts';
import type { Figure } from './report.ts';
import { workload } from './workload.ts';

const USERS = 2_000;
const SIGNALS = 30;
const CONCURRENT = 8;

export function benchReads(seconds: number): Promise<Figure[]> {
  return withPlatform(async ({ collectorUrl, apiUrl, keys }) => {
    const collector = createHttp(collectorUrl, keys.write);
    const users = await fill(collector);
    const api = createHttp(apiUrl, keys.read);
    await untilReadable(api, users);

    let asked = 0;
    const many = await rate(seconds, async () => {
      const from = (asked++ * 100) % (USERS - 100);
      const body = JSON.stringify({ users: users.slice(from, from + 100), limit: 20 });
      const { status, bytes } = await api.drainPost('/v1/signals/query', body);
      if (status !== 200 || bytes < 100 * 20 * 150) throw new Error(`a query answered ${status} with ${bytes} bytes`);
    });

    const sample = await api.get(`/v1/users/${users[0]}/signals?limit=20`);
    if (sample.status !== 200) throw new Error(`a read answered ${sample.status}: ${sample.body}`);
    const bareServer = await startBare(sample.body.length);
    try {
      const bareApi = createHttp(bareServer.url, 'none');
      // In turn, A B A B: the machine's speed drifts.
      const single: number[] = [];
      const bare: number[] = [];
      for (let round = 0; round < 3; round++) {
        bare.push(await rate(seconds / 3, () => bareApi.drainGet('/bare')));
        single.push(await rate(seconds / 3, () => api.drainGet(`/v1/users/${users[asked++ % USERS]}/signals?limit=20`)));
      }
      bareApi.close();
      const [bareRate, singleRate] = [mean(bare), mean(single)];
      return [
        {
          section: 'reads',
          figure: '100 users × 20 signals',
          value: many * 100,
          unit: 'users/s',
          goal: { value: 50_000, better: 'more' },
          note: 'aim: 70 000',
        },
        {
          section: 'reads',
          figure: 'bare Fastify route',
          value: bareRate,
          unit: 'requests/s',
          note: `${sample.body.length} bytes from memory`,
        },
        { section: 'reads', figure: 'single user', value: singleRate, unit: 'requests/s' },
        {
          section: 'reads',
          figure: 'single user / bare route',
          value: singleRate / bareRate,
          unit: '×',
          goal: { value: 0.7, better: 'more' },
        },
      ];
    } finally {
      collector.close();
      api.close();
      await bareServer.stop();
    }
  });
}

async function fill(collector: Http): Promise<string[]> {
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

async function untilReadable(api: Http, users: readonly string[]): Promise<void> {
  for (const end = Date.now() + 60_000; ; ) {
    const { body } = await api.get(`/v1/users/${users[USERS - 1]}/signals?limit=${SIGNALS}`);
    if (body.split('"ts":').length - 1 >= SIGNALS) return;
    if (Date.now() > end) throw new Error(`signals are not readable after 60 s: ${body.slice(0, 200)}`);
  }
}

/** Calls per second of `CONCURRENT` callers. */
async function rate(seconds: number, call: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  const caller = async () => {
    while (performance.now() < end) {
      await call();
      calls++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, caller));
  return calls / ((performance.now() - start) / 1000);
}

async function startBare(bytes: number): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./bare-server.ts', import.meta.url)), String(bytes)], {
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

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
