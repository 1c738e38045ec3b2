/** What `tributary status` says of a rollback that holds scheduled runs. */
import { expect, test } from 'vitest';
import { routes } from './api-answers.ts';
import { fakeServer, problem } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

test('status: a rollback that holds scheduled runs, by whom, since when, and the ways out', async () => {
  const publication = {
    sequence: 6,
    generation: 3,
    action: 'rollback',
    held: true,
    at: Date.UTC(2026, 10, 20, 9),
    by: 'key ta_ana',
  };
  const status = async (newest: unknown, ...more: string[]) => {
    await using server = await fakeServer((request) =>
      request.path !== '/v1/generations'
        ? routes(request)
        : newest === 'silent'
          ? new Promise(() => {})
          : newest === undefined
            ? problem(503, 'data_folder_unavailable', 'the data folder does not answer')
            : { body: { generations: [], publication: newest, nextCursor: null } },
    );
    return (await tributary(['status', ...more, '--url', server.url], { env: { TRIBUTARY_KEY: 'k', COLUMNS: '400' } })).stdout;
  };
  const line = (stdout: string) => stdout.split('\n').filter((shown) => shown.startsWith('scheduled runs '));
  expect(line(await status(publication))).toEqual([
    'scheduled runs       held since the rollback to generation 3 (key ta_ana, 2026-11-20 09:00:00Z), and publish nothing; "tributary batch publish" publishes the newest generation and ends that, unless readers were rolled back from it, "tributary batch publish 3" ends it with this one',
  ]);
  expect(JSON.parse(await status(publication, '--json'))).toMatchObject({ complete: false, heldBy: publication });
  for (const none of [null, { ...publication, held: false }]) {
    expect(line(await status(none))).toEqual([]);
    expect(JSON.parse(await status(none, '--json'))).not.toHaveProperty('heldBy');
  }
  expect(JSON.parse(await status(undefined, '--json'))).toMatchObject({ complete: false, heldBy: 'unknown' });
  // One that does not answer holds the status up for two seconds.
  expect(line(await status('silent'))).toEqual(['scheduled runs       unknown whether a rollback holds them']);
  expect(line(await status(undefined))).toEqual(['scheduled runs       unknown whether a rollback holds them']);
});
