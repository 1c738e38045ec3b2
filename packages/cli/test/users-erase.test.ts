import { expect, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const ID = 'erasure-mwb5i8cg-5f0c1d3b7a9e4f2086d1c3b5a7e9f001';
const places = [
  { place: 'record', state: 'writtenWithout', holds: 'events', until: 'real time reads the erasure' },
  { place: 'archive', state: 'mayHold', holds: 'all events', until: 'the platform does not take it from there yet' },
];
const erasure = {
  ...{ id: ID, askedAt: NOON, by: 'key ta_x', reason: 'request 4711', state: 'notCounted', generation: null },
  ...{ recordedAt: NOON, lifted: null, bytes: { gone: false, places } },
};

test('law 9: what is erased is said apart from what bytes are stored', async () => {
  await using server = await fakeServer(({ path }) => ({
    body: path.startsWith(`/v1/erasures/${ID}`) ? { erasure } : { erasures: [erasure], nextCursor: null, warnings: [] },
  }));
  const run = (...args: string[]) => tributary(['users', ...args, '--url', server.url]);
  const erased = await run('erase', 'ada', 'a/b', '--reason', 'request 4711');
  expect(erased).toMatchObject({ code: 0, stderr: '' });
  expect(erased.stdout).toMatch(/not counted, but for what was frozen/);
  expect(erased.stdout).toMatch(/Bytes of them are still stored/);
  expect(server.received[0]).toMatchObject({ method: 'POST', path: '/v1/erasures' });
  expect(server.received[0]?.body).toEqual({ users: ['ada', 'a/b'], reason: 'request 4711' });
  const receipt = await run('erasures', ID);
  expect(receipt.stdout).toMatch(/archive +may hold them +the platform does not take it from there yet/);
  expect(receipt.stdout).toMatch(/record +written without them/);
  expect((await run('erasures', '--user', 'ada')).stdout).toContain(ID);
  expect((await run('lift', ID, 'ada')).code).toBe(0);
  expect(server.received.slice(1).map(({ method, path, search }) => `${method} ${path}${search}`)).toEqual([
    `GET /v1/erasures/${ID}`,
    'GET /v1/erasures?user=ada',
    `POST /v1/erasures/${ID}/lift`,
  ]);
  expect((await run('erasures', ID, '--user', 'ada')).code).toBe(2);
  expect((await run('erase', ...Array.from({ length: 1_001 }, (_, i) => `u${i}`))).stderr).toContain(
    'at most 1000 at once (got 1001)',
  );
});

test('law 9: that a person may have more keys than were erased is said beside the answer', async () => {
  const warnings = ['events up to 2026-11-20T12:00:00.000Z were lost'];
  await using server = await fakeServer(() => ({ body: { erasures: [erasure], warnings } }));
  const { code, stderr } = await tributary(['users', 'erase', 'ada', '--url', server.url]);
  expect([code, stderr]).toEqual([0, `warning: ${warnings[0]}\n`]);
});
