import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const CO_VIEWED = {
  ...{ name: 'coViewed', version: '1', state: 'STANDS_STILL', lagMs: 61_000, reportedAt: Date.UTC(2026, 10, 20, 12) },
  ...{ reads: { kinds: [], signals: ['lastItems'] }, writes: { fields: ['items'] }, mostLagMs: 60_000, by: 'key ta_x', at: 1 },
};

test('law 7: computations are registered from a file, listed with how far they are, and end with 1 where one stands still', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'computations-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'co-viewed.yaml');
  writeFileSync(file, 'name: coViewed\nversion: "1"\nwrites: { fields: [items] }\n');
  let shown: object[] = [CO_VIEWED];
  await using server = await fakeServer(({ method }) => ({
    body: method === 'GET' ? { computations: shown } : method === 'DELETE' ? { removed: 'coViewed' } : { computation: CO_VIEWED },
  }));
  const run = (...argv: string[]) => tributary(['computations', ...argv, '--url', server.url]);
  const listed = await run('list');
  expect(listed.code).toBe(1);
  expect(listed.stdout).toMatch(/coViewed +1 +STANDS_STILL +1 min 1 s +2026-11-20 12:00:00/);
  shown = [{ ...CO_VIEWED, state: 'RUNNING', lagMs: 0 }];
  expect(await run('list')).toMatchObject({ code: 0, stdout: expect.stringContaining('RUNNING') });
  expect(JSON.parse((await run('list', '--json')).stdout)).toEqual({ computations: shown });
  shown = [];
  expect(await run('list')).toMatchObject({ code: 0, stdout: expect.stringContaining('no computation is registered') });
  expect((await run('register', file)).code).toBe(0);
  expect(await run('remove', 'coViewed')).toMatchObject({ code: 0, stdout: 'computation coViewed is removed\n' });
  expect(server.received.slice(-2).map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v1/computations',
    'DELETE /v1/computations/coViewed',
  ]);
  expect(await run('register', join(folder, 'none.yaml'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('none.yaml'),
  });
});
