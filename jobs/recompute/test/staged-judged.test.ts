/** What a staged run is judged by, and which generation waits to be judged. */
import type { Event } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event } from './one-user.ts';
import { asRun, createWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld(definitionsOf(SMALL_DEFINITIONS));
});
afterEach(() => world.close());

async function ingestOf(userId: string): Promise<void> {
  const events: Event[] = [
    event('click', 3.5, 'click', { channel: 'search', campaign: 'c' }),
    event('order', 4, 'buy', { value: 100, currency: 'EUR' }),
  ];
  await world.ingest(events.map((each) => ({ ...each, userId })));
  await world.turn();
}

/** As of workers that have not counted these views since the generation before. */
function notCounting(views: readonly string[]): typeof world.serving {
  const { deltas } = world.serving;
  return {
    ...world.serving,
    async deltas(...asked: Parameters<typeof deltas>) {
      const viewsSince = new Map(VIEWS.map(({ name }) => [name, views.includes(name) ? 99 : 0]));
      const all = await deltas(...asked);
      return all.map((each) => ({ ...each, state: each.state === null ? null : { ...each.state, viewsSince } }));
    },
  };
}

test('law 7: what was promoted and rolled back does not wait again once the hold ends', async () => {
  await ingestOf('ana');
  await world.run();
  await ingestOf('eve');
  await world.run(asRun({ scheduled: false, promotion: 'ask' }));
  await world.publishByHand('publish', 2);
  await world.publishByHand('rollback', 1);
  await world.publishByHand('publish', 1);
  await ingestOf('bob');
  expect((await world.run(asRun({ scheduled: true }))).published).toBe('published');
});

for (const [which, views] of [
  ['no view', VIEWS.map(({ name }) => name)],
  ['one view less', ['credit']],
] as const)
  test(`law 7: a staged run of which ${which} could be compared waits for a person`, async () => {
    await ingestOf('ana');
    await world.run();
    await ingestOf('eve');
    const run = asRun({ scheduled: false, promotion: { below: 0.01 } });
    const done = await world.run(run, { serving: notCounting(views) });
    expect([done.published, done.stagedBecause]).toEqual(['staged', 'not_compared']);
    const { moved, equal, engineDefectRows, views: compared } = await world.reconciliation(2);
    expect(moved).toBeNull();
    expect(Object.keys(compared)).toHaveLength(VIEWS.length - views.length);
    // Nor does anything say that it is equal, or has no defects, where nothing was compared.
    if (views.length === VIEWS.length) expect([equal, engineDefectRows]).toEqual([false, null]);
  });
