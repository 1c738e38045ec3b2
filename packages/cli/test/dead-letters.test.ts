import { expect, test } from 'vitest';
import { fakeServer, problem, type Received, type Reply } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const letter = (id: string, more = {}) => ({
  id,
  partition: 3,
  at: `${id}.0`,
  parkedAt: Date.UTC(2026, 10, 21),
  code: 'invalid_json',
  message: 'the record is not JSON',
  raw: '{"userId":"ada\u001b[2J"',
  ...more,
});
const LETTERS = ['3-4-0', '3-3-0', '3-2-0', '3-1-0'].map((id, i) => letter(id, i === 1 ? { code: 'too_deep' } : {}));

/** Two letters a page; what is asked of one is answered by `decide`. */
function api(decide: (request: Received) => Reply = () => ({ body: {} })) {
  return fakeServer((request) => {
    if (request.path !== '/v1/dead-letters') return decide(request);
    const from = Number(request.query['cursor'] ?? 0);
    const deadLetters = LETTERS.slice(from, from + 2);
    return { body: { deadLetters, nextCursor: from + 2 < LETTERS.length ? String(from + 2) : null } };
  });
}

const asked = (received: readonly Received[]) =>
  received.filter(({ path }) => path !== '/v1/dead-letters').map(({ method, path }) => `${method} ${path}`);

test('list shows the newest with their reasons, over pages, and says when there are more', async () => {
  await using server = await api();
  const all = await tributary(['dead-letters', 'list', '--url', server.url]);
  expect(all.stdout.match(/^3-\d-0/gm)).toEqual(LETTERS.map(({ id }) => id));
  expect(all).toMatchObject({ code: 0, stderr: '' });
  const some = await tributary(['dead-letters', 'list', '--limit', '1', '--code', 'too_deep', '--json', '--url', server.url]);
  expect(JSON.parse(some.stdout).deadLetters).toEqual([LETTERS[1]]);
  const first = await tributary(['dead-letters', 'list', '--limit', '3', '--url', server.url]);
  expect(first.stderr).toBe('there are more: --limit 30\n');
  expect((await tributary(['dead-letters', 'list', '--limit', 'x', '--url', server.url])).code).toBe(2);
});

test('show prints the record, which cannot steer the terminal', async () => {
  await using server = await api(() => ({ body: { deadLetter: LETTERS[0] } }));
  const done = await tributary(['dead-letters', 'show', '3-4-0', '--url', server.url]);
  expect(done.stdout).toContain('{"userId":"ada\ufffd[2J"');
  expect(done.stdout).toContain('the record is not JSON');
  await using empty = await api(() => problem(404, 'not_found', 'dead letter 3-9-0 does not exist'));
  const none = await tributary(['dead-letters', 'show', '3-9-0', '--url', empty.url]);
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('tributary dead-letters list') });
});

test('replay asks for each, names what stays, and exits 1 then', async () => {
  await using server = await api(({ path }) => {
    if (path.includes('3-2-0')) return problem(409, 'not_replayable', 'an event that the batch layer counts already');
    if (path.includes('3-3-0'))
      return { body: { replayed: false, eventId: null, deadLetter: letter('3-8-0', { message: 'no' }) } };
    if (path.includes('3-1-0')) return problem(404, 'not_found', 'gone meanwhile');
    return { body: { replayed: true, eventId: 'e', deadLetter: null } };
  });
  const done = await tributary(['dead-letters', 'replay', '--all', '--url', server.url]);
  expect(asked(server.received)).toEqual(LETTERS.map(({ id }) => `POST /v1/dead-letters/${id}/replay`));
  expect(done).toMatchObject({ code: 1, stdout: '1 dead letter replayed, 2 kept\n' });
  expect(done.stderr).toContain('3-3-0 stays: invalid_json: no');
  expect(done.stderr).toMatch(/3-2-0 stays: .*counts already/);
  const named = await tributary(['dead-letters', 'replay', '3-4-0', '--json', '--url', server.url]);
  expect(named.code).toBe(0);
  expect(JSON.parse(named.stdout)).toEqual({ replayed: ['3-4-0'], kept: [], missing: [] });
});

test('drop takes ids, or all of one reason; never both, never neither', async () => {
  await using server = await api(() => ({ body: { deadLetter: LETTERS[0] } }));
  const done = await tributary(['dead-letters', 'drop', '--all', '--code', 'too_deep', '--url', server.url]);
  expect(asked(server.received)).toEqual(['DELETE /v1/dead-letters/3-3-0']);
  expect(done).toMatchObject({ code: 0, stdout: '1 dead letter dropped, 0 kept\n' });
  for (const wrong of [[], ['3-1-0', '--all'], ['3-1-0', '--code', 'too_deep']])
    expect((await tributary(['dead-letters', 'drop', ...wrong, '--url', server.url])).code).toBe(2);
});

test('replay of many goes on past one that is gone, names it, and exits 1', async () => {
  await using server = await api(({ path }) =>
    path.includes('3-9-0')
      ? problem(404, 'not_found', 'dead letter 3-9-0 does not exist')
      : { body: { replayed: true, eventId: 'e', deadLetter: null } },
  );
  const ids = [...Array.from({ length: 20 }, (_, i) => `3-1-${i}`), '3-9-0', '3-2-0'];
  const done = await tributary(['dead-letters', 'replay', ...ids, '--json', '--url', server.url]);
  expect(done.code).toBe(1);
  expect(JSON.parse(done.stdout)).toEqual({
    replayed: ids.filter((id) => id !== '3-9-0'),
    kept: [],
    missing: ['3-9-0'],
  });
  expect(done.stderr).toBe('not there: 3-9-0. See "tributary dead-letters list" for those there are.\n');
});

test('what was replayed before the API went away is in the answer, and the failure is reported', async () => {
  await using server = await api(({ path }) =>
    path.includes('3-1-9')
      ? problem(403, 'forbidden', 'the key was revoked')
      : { body: { replayed: true, eventId: 'e', deadLetter: null } },
  );
  const ids = Array.from({ length: 20 }, (_, i) => `3-1-${i}`);
  const done = await tributary(['dead-letters', 'replay', ...ids, '--json', '--url', server.url]);
  expect(JSON.parse(done.stdout).replayed).toEqual(ids.slice(0, 16).filter((id) => id !== '3-1-9'));
  expect(JSON.parse(done.stderr).error).toMatchObject({ code: 'forbidden' });
  expect(done.code).not.toBe(0);
});

test.each(['list --json', 'show 3-4-0 --json', 'show 3-4-0', 'list'])(
  'what was sent cannot steer the terminal: %s',
  async (words) => {
    const marks = '\u009b2J\u009d0;title\u009c\u202egnp.exe\u007f\u2028\ufeff';
    const steering = letter('3-4-0', { raw: `{"userId":"ada${marks}"`, message: `no event${marks}`, code: `c${marks}` });
    await using server = await fakeServer(({ path }) => ({
      body: path === '/v1/dead-letters' ? { deadLetters: [steering], nextCursor: null } : { deadLetter: steering },
    }));
    const { stdout } = await tributary(['dead-letters', ...words.split(' '), '--url', server.url]);
    expect(stdout).toContain('3-4-0');
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e\u2028\ufeff]/u);
    if (words.includes('--json')) expect(JSON.stringify(JSON.parse(stdout))).toContain(JSON.stringify(steering));
  },
);
