import { expect, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
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
