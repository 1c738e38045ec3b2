/** An older layer beside a newer batch layer parks a barrier: then the layers may be cut at two copies of one barrier. */
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asked } from './asked.ts';
import { asRun, createWorld, dyingAt, PARTITIONS, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const AT = Date.UTC(2026, 2, 1, 12);

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

function buy(id: string, hours: number): Event {
  return { ts: AT + hours * HOUR_MS, type: 'buy', id, userId: 'ana', receivedAt: AT, source: 'test', value: 1 };
}

const [A, B] = [buy('a', 0), buy('b', 1)];
const answer = () => asked(world, DEFINITIONS, AT + 1_000);

/** In the partition of A and B the copies of the barrier lie at 2 and 4. */
test.each([
  ['archiver', 3, /: generation 1 was cut at 0{15}4, and the deltas since at 0{15}2: what lies in between counts twice/],
  ['speed worker', 1, /: generation 1 was cut at 0{15}2, and the deltas since at 0{15}4: what lies in between counts in neither/],
] as const)(
  'law 7: a barrier that an older %s alone parks cuts the layers apart: incomplete until the next generation',
  async (older, counted, why) => {
    const layer = older === 'archiver' ? 'archiver' : 'speed';
    await world.ingest([A]);
    world.older[layer] = true;
    // The coordinator dies, and the next one finds an archive that is not sealed: the barriers are appended again.
    const run = asRun();
    const dying = dyingAt('raised');
    void world.run(run, dying).catch(() => {});
    await dying.died;
    world.down.archiver = layer === 'speed';
    await world.ingest([B]);
    await world.turn();
    world.older[layer] = false;
    world.down.archiver = false;
    await world.run(run);
    await world.turn();
    const counts = [...((await world.merged()).get('activity')?.values() ?? [])];
    expect(counts).toEqual([[counted]]);
    const { complete, warnings } = await answer();
    expect(complete).toBe(false);
    expect(warnings).toHaveLength(PARTITIONS);
    expect(warnings).toContainEqual(expect.stringMatching(why));
    expect((await world.reconciliation(1)).because.cutApart).toHaveLength(PARTITIONS);
    for (const warning of warnings) expect(warning).toContain('run `tributary batch run`');

    await world.run();
    await world.turn();
    expect(await answer()).toMatchObject({ complete: true, generation: 2, warnings: [] });
    expect(differences(await world.merged(), naive([A, B], DEFINITIONS))).toEqual([]);
  },
);

test('laws 1 and 7: beside a speed worker that does not know a view, answers lack it until a generation that another one began, and it is compared with nothing', async () => {
  const older = await createWorld(DEFINITIONS, undefined, { views: VIEWS.filter(({ name }) => name !== 'conversions') });
  try {
    await older.ingest([A]);
    await older.run();
    await older.ingest([B]);
    await older.turn();
    const lacking = { complete: false, generation: 1, reasons: ['view_not_counted'] };
    expect(await asked(older, DEFINITIONS, AT + 1_000)).toMatchObject(lacking);
    const { views, equal, engineDefectRows } = await older.reconciliation(1);
    expect(Object.keys(views)).toContain('activity');
    expect([views['conversions'], equal, engineDefectRows]).toEqual([undefined, true, 0]);

    const newer = await createWorld(DEFINITIONS, older);
    try {
      await newer.turn();
      expect(await asked(newer, DEFINITIONS, AT + 1_000)).toMatchObject(lacking);
      await newer.run();
      await newer.turn();
      expect(await asked(newer, DEFINITIONS, AT + 1_000)).toMatchObject({ complete: true, generation: 2, warnings: [] });
      expect((await newer.reconciliation(2)).views['conversions']).toBeUndefined();
      expect(differences(await newer.merged(), naive([A, B], DEFINITIONS))).toEqual([]);
    } finally {
      await newer.close();
    }
  } finally {
    await older.close();
  }
});

test('law 7: where a worker of another version read the barrier and nothing came since, a run makes answers whole again', async () => {
  const older = await createWorld(DEFINITIONS, undefined, { views: VIEWS.filter(({ name }) => name !== 'conversions') });
  const newer = await older
    .ingest([A])
    .then(() => older.run())
    .then(() => older.turn())
    .then(() => createWorld(DEFINITIONS, older));
  try {
    await newer.turn();
    expect(await asked(newer, DEFINITIONS, AT + 1_000)).toMatchObject({ complete: false, reasons: ['view_not_counted'] });
    expect(await newer.run({ scheduled: true })).toMatchObject({ generation: 2, published: 'published' });
    await newer.turn();
    expect(await asked(newer, DEFINITIONS, AT + 1_000)).toMatchObject({ complete: true, generation: 2 });
    expect(await newer.run({ scheduled: true })).toMatchObject({ published: 'nothing_new' });
  } finally {
    await newer.close();
    await older.close();
  }
});
