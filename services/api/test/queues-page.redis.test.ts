/** /admin/queues on a real queue: who sees it, and that nothing can be changed there. */
import { openRecomputeQueue, type RecomputeQueue } from '@tributary/queue/recompute-queue';
import { openShownQueues } from '@tributary/queue/shown-queues';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBullBoard } from '../src/admin/bull-board.ts';
import { ADMIN, createWorld, READ, type World } from './world.ts';

const PAGE = '/admin/queues';
let redis: RedisServer;
let queue: RecomputeQueue;
let world: World;
let connection: ReturnType<typeof connectRedis>;

beforeAll(async () => {
  redis = await startRedis();
  connection = connectRedis(redis.url, 'queue', () => {});
  await whenReady(connection, 5_000);
  queue = openRecomputeQueue(connection, 'board');
  world = await createWorld({ openBoard: () => openBullBoard(openShownQueues(connection, 'board'), PAGE) });
});
afterAll(async () => {
  await world?.app.close();
  await queue?.close();
  connection?.disconnect();
  await redis?.stop();
});

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
function send(method: Method, url: string, authorization: string | undefined = ADMIN, headers = {}) {
  const payload = method === 'GET' ? {} : { payload: {} };
  return world.app.inject({ method, url, headers: { ...(authorization && { authorization }), ...headers }, ...payload });
}

const basic = (key: string) => `Basic ${Buffer.from(`me:${key}`).toString('base64')}`;

test('it needs a key of the scope admin, which a browser may be asked for', async () => {
  const asks = 'Basic realm="tributary: a key of the scope admin as the password"';
  for (const [authorization, status] of [
    ['', 401],
    [READ, 403],
    [basic('tr_reader_x'), 403],
    [basic('ta_other_x'), 401],
    [ADMIN, 200],
    [basic('ta_admin_x'), 200],
  ] as const)
    for (const path of ['', '/', '/api/queues', '/static/favicon.ico', '?x=1']) {
      const { statusCode, headers } = await send('GET', `${PAGE}${path}`, authorization);
      expect([authorization, path, statusCode]).toEqual([authorization, path, status]);
      expect(headers['www-authenticate']).toBe(status === 200 ? undefined : asks);
    }
  // A name that only begins alike is another page.
  expect((await send('GET', `${PAGE}-of-others`, basic('ta_admin_x'))).statusCode).toBe(401);
});

test('the page brings its own files, names no other host, and runs no script in line', async () => {
  const { body, headers } = await send('GET', PAGE);
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; .*base-uri 'self'/);
  expect(headers['cache-control']).toBe('no-store');
  expect(body).not.toMatch(/https?:/);
  expect(body).toContain(`<base href="${PAGE}/" />`);
  const files = [...body.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file);
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect([file, (await send('GET', `${PAGE}/${file}`)).statusCode]).toEqual([file, 200]);
  for (const script of body.match(/<script[^>]*>/g) ?? []) expect(script).toMatch(/src="static\/|type="application\/json"/);
});

test('it shows runs that wait, and lists no more of them than its bound', async () => {
  const { jobId } = await queue.requestRun({ mode: 'full', by: 'key ta_admin' });
  const { statusCode, body } = await send('GET', `${PAGE}/api/queues?activeQueue=recompute&jobsPerPage=1000000000`);
  expect(statusCode).toBe(200);
  const { queues } = JSON.parse(body) as { queues: { name: string; readOnlyMode: boolean; jobs: { id: string }[] }[] };
  expect(queues.map(({ name, readOnlyMode }) => [name, readOnlyMode])).toEqual([
    ['recompute', true],
    ['questions', true],
  ]);
  expect(queues[0]?.jobs.map(({ id }) => id)).toEqual([jobId]);
  const rangeOf = async (query: string) => {
    const { statusCode: status, body: text } = await send(
      'GET',
      `${PAGE}/api/queues?activeQueue=recompute&status=waiting&${query}`,
    );
    expect([query, status]).toEqual([query, 200]);
    return JSON.parse(text).queues[0].pagination.range;
  };
  for (const many of [
    '1e9',
    '-1',
    '0',
    'x',
    '10&jobsPerPage=1000000000',
    '1000000000&jobsPerPage=10',
    'Infinity',
    '0x7fffffff',
  ]) {
    const { start, end } = await rangeOf(`jobsPerPage=${many}`);
    expect([many, start === 0 && end >= 0 && end < 50]).toEqual([many, true]);
  }
  for (const page of ['-1', '0', '-1e9', '1&page=-5']) expect(await rangeOf(`page=${page}`)).toEqual({ start: 0, end: 9 });
  const pages = await send('GET', `${PAGE}/api/queues?activeQueue=recompute&status=waiting&page=2&jobsPerPage=1000000000`);
  expect(JSON.parse(pages.body).queues[0].pagination.range).toEqual({ start: 50, end: 99 });
});

test('nothing is changed through it, by whatever method', async () => {
  const { jobId } = await queue.requestRun({ mode: 'incremental', by: 'key ta_admin' });
  const before = await queue.counts();
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
    for (const path of [
      '/api/queues/pause',
      '/api/queues/recompute/pause',
      '/api/queues/recompute/obliterate',
      '/api/queues/recompute/empty',
      '/api/queues/recompute/clean/waiting',
      `/api/queues/recompute/${jobId}/clean`,
      `/api/queues/recompute/${jobId}/update-data`,
      '/api/queues/recompute/add',
    ]) {
      const headers = { 'x-http-method-override': method };
      expect([method, path, (await send(method, `${PAGE}${path}`)).statusCode]).toEqual([method, path, 404]);
      expect((await send('GET', `${PAGE}${path}`, ADMIN, headers)).statusCode).not.toBe(500);
    }
  expect(await queue.counts()).toEqual(before);
  expect(await queue.status(jobId)).toMatchObject({ state: 'waiting' });
});

test('names and paths of others stay what they are', async () => {
  const statuses = await Promise.all(
    [
      '/api/queues/unknown/workers',
      `/api/queues/recompute/${encodeURIComponent('../../x')}`,
      '/static/../../../package.json',
      '/static/%2e%2e/%2e%2e/package.json',
      '/api/queues?status=unknown',
    ].map(async (path) => (await send('GET', `${PAGE}${path}`)).statusCode),
  );
  for (const status of statuses) expect([400, 403, 404, 422]).toContain(status);
});

test('a server without queues says so', async () => {
  const other = await createWorld();
  const { statusCode } = await other.app.inject({ method: 'GET', url: PAGE, headers: { authorization: ADMIN } });
  expect(statusCode).toBe(404);
  await other.app.close();
});

test('Redis gone: an answer comes all the same, and at most 16 wait', async () => {
  await redis.kill();
  const asked = await Promise.all(Array.from({ length: 20 }, () => send('GET', `${PAGE}/api/queues`)));
  const statuses = asked.map(({ statusCode }) => statusCode).sort();
  expect(statuses.filter((status) => status === 503)).toHaveLength(16);
  expect(statuses.filter((status) => status === 429)).toHaveLength(4);
});
