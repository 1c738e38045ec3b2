/** How the output log lets go of lines: by the clock of the log, whatever that of who writes says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { afterAll, beforeAll, expect, test } from 'vitest';

let server: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const HOUR_MS = 3_600_000;

async function open(namespace: string, { now = Date.now, retentionMs = HOUR_MS }) {
  const [commands, blocking] = [connectRedis(server.url, 'commit', () => {}), connectRedis(server.url, 'blocking', () => {})];
  const log = await openRedisStreamLog({ commands, blocking, namespace, partitions: 1, now, retentionMs });
  return {
    append: (body: string) => log.append(0, { kind: 'events', body }),
    bodies: async () => (await log.read(new Map([[0, null]]), { maxEntries: 10, waitMs: 0 })).map(({ body }) => body),
    async close() {
      await log.close();
      commands.disconnect();
      blocking.disconnect();
    },
  };
}

test.each([2, -2])(
  'law 7: a worker whose clock is %i hours off lets go of what is old by the clock of the log, and of nothing else',
  async (hours) => {
    const namespace = `outputs${hours}`;
    const now = () => Date.now() + hours * HOUR_MS;
    const young = await open(namespace, { now });
    for (const body of ['one', 'two']) await young.append(body);
    await young.close();
    const again = await open(namespace, { now });
    await again.append('three');
    // Trims go behind the append that causes them, on the same connection: what another append waits for is behind them.
    await again.append('four');
    expect(await again.bodies()).toEqual(['one', 'two', 'three', 'four']);
    await again.close();
    await sleep(60);
    const short = await open(namespace, { now, retentionMs: 50 });
    await short.append('five');
    await expect.poll(short.bodies, { timeout: 10_000 }).toEqual(['five']);
    await short.close();
  },
);
