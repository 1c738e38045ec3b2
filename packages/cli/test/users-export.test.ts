import { expect, test } from 'vitest';
import { fakeServer, problem } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const END = { complete: true, lines: { archive: 1 }, holes: [] };
const LINES = [
  { export: { userId: 'a/b', at: '2026-11-21T08:00:00Z', places: {} } },
  { reading: true },
  { place: 'archive', from: { file: 'f', row: 0 }, event: { ts: 1, userId: 'a/b', properties: { t: '\u001b[2J' } } },
];
const body = (...lines: readonly object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

test('an export is printed line by line, without signs of life, and nothing in it steers the terminal', async () => {
  await using server = await fakeServer(() => ({ body: body(...LINES, { end: END }) }));
  const done = await tributary(['users', 'export', 'a/b', '--url', server.url]);
  expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/users/a%2Fb/export']);
  const lines = done.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[1] as string)).toMatchObject(LINES[2] as object);
  expect(done.stdout).not.toContain('\u001b');
  expect(done).toMatchObject({ code: 0, stderr: 'lines found: archive 1\n' });
});

test('law 7: an export with a hole, or without its last line, exits with 1 and says so', async () => {
  const holes = [{ place: 'log', why: 'the log is away' }];
  await using some = await fakeServer(() => ({ body: body(...LINES, { end: { complete: false, lines: {}, holes } }) }));
  const done = await tributary(['users', 'export', 'ada', '--url', some.url]);
  expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining('not whole: log: the log is away') });
  await using cut = await fakeServer(() => ({ body: body(...LINES) }));
  expect(await tributary(['users', 'export', 'ada', '--url', cut.url])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('broke off after 1 line'),
  });
});

test('a refusal, and an API that is not there, are reported as for every other command', async () => {
  await using server = await fakeServer(() => problem(429, 'overloaded', 'an export is being read for this key already'));
  const refused = await tributary(['users', 'export', 'ada', '--url', server.url]);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('already') });
  const away = await tributary(['users', 'export', 'ada', '--url', 'http://127.0.0.1:9']);
  expect(away.code).toBe(3);
});
