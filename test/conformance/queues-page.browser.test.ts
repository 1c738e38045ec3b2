/** /admin/queues in a browser: it draws under its policy, asks no other host, and offers nothing that changes a job. */
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRecomputeQueue, type RecomputeQueue } from '../../packages/queue/src/recompute-queue.ts';
import { openShownQueues } from '../../packages/queue/src/shown-queues.ts';
import { connectRedis, whenReady } from '../../packages/runtime/src/redis/connect.ts';
import { type RedisServer, startRedis } from '../../packages/testkit/src/servers/redis-server.ts';
import { openBullBoard } from '../../services/api/src/admin/bull-board.ts';
import { createWorld, type World } from '../../services/api/test/world.ts';
import { reportMissingChromium, startChromium } from './chromium.ts';

const missing = reportMissingChromium('/admin/queues in Chromium (test/conformance/queues-page.browser.test.ts)');

describe.skipIf(missing !== null)('in Chromium', () => {
  let redis: RedisServer;
  let connection: ReturnType<typeof connectRedis>;
  let queue: RecomputeQueue;
  let world: World;
  let browser: Browser;
  let api: string;

  beforeAll(async () => {
    redis = await startRedis();
    connection = connectRedis(redis.url, 'queue', () => {});
    await whenReady(connection, 5_000);
    queue = openRecomputeQueue(connection, 'board');
    world = await createWorld({ openBoard: () => openBullBoard(openShownQueues(connection, 'board'), '/admin/queues') });
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    api = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`;
    browser = await startChromium({ shellDoes: true });
  });
  afterAll(async () => {
    await browser?.close();
    await world?.app.close();
    await queue?.close();
    connection?.disconnect();
    await redis?.stop();
  });

  test('a run that waits is drawn, and no button changes it', async () => {
    const { jobId } = await queue.requestRun({ mode: 'full', by: 'key ta_admin' });
    const context = await browser.newContext({ httpCredentials: { username: 'me', password: 'ta_admin_x' } });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on(
      'request',
      (request) => request.url().startsWith(api) || request.url().startsWith('data:') || troubles.push(request.url()),
    );
    await page.goto(`${api}/admin/queues`);
    await page.getByText('recompute').first().waitFor();
    await page.goto(`${api}/admin/queues/queue/recompute?status=prioritized`);
    await page.getByText(jobId).first().waitFor();
    expect(await page.title()).toContain('Tributary');
    for (const name of [/retry/i, /promote/i, /clean/i, /obliterate/i, /pause/i, /add job/i])
      expect([String(name), await page.getByRole('button', { name }).count()]).toEqual([String(name), 0]);
    expect(troubles).toEqual([]);
    await context.close();
  });
});
