/** `reprocess plan`: the plan in words. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPROCESSING_ROUTES } from '@tributary/contract/groups/reprocessing';
import { expect, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const { plan: PLAN } = REPROCESSING_ROUTES.planReprocessing.example.answer;

test('a plan upon a base: what is read, by the days of the events, how long, and what is not known', async () => {
  await using server = await fakeServer(() => ({ body: { plan: { ...PLAN, olderRows: 7 } } }));
  const done = await tributary(['reprocess', 'plan', '--url', server.url]);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(server.received[0]).toMatchObject({ body: { dryRun: true, mode: 'incremental' } });
  expect(done.stdout).toMatch(/^run +incremental, upon generation 7$/m);
  expect(done.stdout).toMatch(/^reads +1,240 archived events in 18 files \(96\.5 kB\) of 16 partitions$/m);
  expect(done.stdout).toMatch(/^takes +about 1\.9 s, by 30 earlier incremental runs; half of them were off by more than 8 %$/m);
  expect(done.stdout).toMatch(/^2026-11-20 +1,236$/m);
  expect(done.stdout).toMatch(/^older +7$/m);
  expect(done.stdout).toMatch(/^waits +entries of 3 of 16 partitions that are not archived yet, the oldest for 41\.0 s$/m);
  expect(done.stdout).toContain('how many events are in the log alone');
});

test.each([
  [null, /^waits +not known: the log did not say$/m],
  [{ partitions: 0, oldestMs: 0 }, /^waits +nothing: all of the log is archived$/m],
])('what waits behind the archive: %o', async (notArchived, line) => {
  await using server = await fakeServer(() => ({ body: { plan: { ...PLAN, notArchived, unknown: [] } } }));
  const { stdout } = await tributary(['reprocess', 'plan', '--url', server.url]);
  expect(stdout).toMatch(line);
  expect(stdout).not.toContain('not known;');
});

test('a plan of a full run with other definitions says why it is one, and where nothing is known of its time', async () => {
  const plan = {
    ...PLAN,
    mode: 'full',
    base: null,
    fullBecause: 'counted_once_changed',
    definitionsChange: true,
    days: [],
    estimate: null,
    unknown: ['not_archived_yet', 'too_few_runs'],
  };
  await using server = await fakeServer(() => ({ body: { plan } }));
  const file = join(temporaryFolder('reprocess'), 'definitions.json');
  writeFileSync(file, '{"latenessDays":5}');
  const argv = ['reprocess', 'plan', '--full', '--definitions', file, '--url', server.url];
  const done = await tributary(argv);
  expect(server.received[0]).toMatchObject({ body: { dryRun: true, mode: 'full', definitions: { latenessDays: 5 } } });
  expect(done.stdout).toMatch(/^run +full: these definitions count conversions once by a key/m);
  expect(done.stdout).toMatch(/^definitions +9f3c52c1a0be, others than those of the published generation$/m);
  expect(done.stdout).toMatch(/^takes +not known$/m);
  expect(done.stdout).not.toContain('day of the events');
  expect(JSON.parse((await tributary([...argv, '--json'])).stdout)).toEqual({ plan });
});
