import { expect, test } from 'vitest';
import { fakeServer, problem } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const META = { view: 'speed', speed: { lagMs: 0, watermark: 0 }, complete: true, reasons: [], warnings: [] };
const NOON = Date.UTC(2026, 10, 20, 12);

test('keys of a person are listed with who answers for them, and none of them steers the terminal', async () => {
  const links = [{ userId: 'ada', since: NOON, receivedAt: NOON, undone: true }];
  const keys = [{ userId: 'a\u001b[2Jb', since: null, events: 3 }];
  const body = { userId: 'cookie/1', owner: 'ada', links, keys, meta: { ...META, warnings: ['a partition lags'] } };
  await using server = await fakeServer(() => ({ body }));
  const done = await tributary(['users', 'keys', 'cookie/1', '--url', server.url]);
  expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/users/cookie%2F1/keys']);
  expect(done).toMatchObject({ code: 0, stderr: 'warning: a partition lags\n' });
  expect(done.stdout).toMatch(/^ada answers for cookie\/1\n/);
  expect(done.stdout).toMatch(/ada +2026-11-20 12:00:00.* yes/);
  expect(done.stdout).not.toContain('\u001b[2J');
  const json = await tributary(['users', 'keys', 'cookie/1', '--url', server.url, '--json']);
  expect(JSON.parse(json.stdout)).toEqual(body);
});

test('a key that is not linked answers for itself', async () => {
  await using server = await fakeServer(() => ({ body: { userId: 'ada', owner: 'ada', links: [], keys: [], meta: META } }));
  const { stdout } = await tributary(['users', 'keys', 'ada', '--url', server.url]);
  expect(stdout).toBe('ada answers for itself\nno other key of theirs is known\n');
});

test('law 1: a key is linked and unlinked by its name as it is, and a refusal says why in one sentence', async () => {
  const answered = { userId: 'ada', key: 'cookie/1\u001b[2J', eventId: 'by-hand-1', at: NOON };
  await using server = await fakeServer(() => ({ status: 202, body: answered }));
  const run = (...args: string[]) => tributary(['users', ...args, '--url', server.url]);
  const linked = await run('link', 'a/da', 'cookie/1');
  expect(linked).toMatchObject({ code: 0, stderr: '' });
  expect(linked.stdout).toMatch(
    /^cookie\/1.* is linked to ada as of 2026-11-20 12:00:00.*by-hand-1.*"tributary users keys cookie/,
  );
  expect(linked.stdout).not.toContain('\u001b[2J');
  expect((await run('unlink', 'a/da', 'cookie/1')).stdout).toContain('is unlinked from ada');
  expect(server.received.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['POST', '/v1/users/a%2Fda/links', { key: 'cookie/1' }],
    ['DELETE', '/v1/users/a%2Fda/links/cookie%2F1', undefined],
  ]);
  await using apart = await fakeServer(() => problem(409, 'conflict', 'definitions in force must join keys of one person'));
  const refused = await tributary(['users', 'link', 'ada', 'cookie', '--url', apart.url]);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('must join keys of one person') });
});
