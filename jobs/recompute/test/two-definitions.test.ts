/** Rows that two definitions made must not pass for one answer: what readers get while definitions change, and after a rollback across it. */
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asked } from './asked.ts';
import { createWorld, dyingAt, type World } from './world.ts';

const ONE = definitionsOf(SMALL_DEFINITIONS);
const OTHER = definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion: true } });

let world: World;
beforeEach(async () => {
  world = await createWorld(ONE);
});
afterEach(() => world.close());

const AT = Date.UTC(2026, 2, 1, 12);
function event(id: string, hours: number, type: string, more: Partial<Event> = {}): Event {
  return { ts: AT + hours * HOUR_MS, type, id, userId: 'ana', receivedAt: AT, source: 'test', ...more };
}

/** The second purchase has a touch under ONE, none under OTHER. */
const LOG = [
  event('a', 0, 'click', { channel: 'search' }),
  event('b', 1, 'buy', { value: 1 }),
  event('c', 2, 'buy', { value: 100 }),
];
const LATE = event('d', 1.5, 'mail');

test('law 7: from the barrier of new definitions until their generation is published, answers are incomplete', async () => {
  await world.ingest(LOG);
  await world.run();
  expect(await asked(world, ONE, AT + 1_000)).toMatchObject({ complete: true, generation: 1 });

  const dying = dyingAt('sealed');
  const run = world.run({ definitions: OTHER.json }, dying).catch(() => {});
  await dying.died;
  await world.ingest([LATE]);
  await world.turn();
  expect(differences(await world.merged(), naive([...LOG, LATE], ONE))).not.toEqual([]);
  expect(await asked(world, ONE, AT + 1_000)).toMatchObject({
    complete: false,
    generation: 1,
    warnings: [expect.stringMatching(/^the definitions changed: /)],
  });
  void run;

  await world.run({ definitions: OTHER.json });
  await world.turn();
  expect(await asked(world, ONE, AT + 1_000)).toMatchObject({ complete: true, warnings: [] });
  expect(differences(await world.merged(), naive([...LOG, LATE], OTHER))).toEqual([]);
});

test('law 7: definitions that changed and changed back leave rows of others behind: a rollback below them is incomplete', async () => {
  await world.ingest(LOG);
  await world.run();
  await world.run({ definitions: OTHER.json });
  await world.ingest([LATE]);
  await world.run({ definitions: ONE.json });
  await world.turn();
  expect(await asked(world, ONE, AT + 1_000)).toMatchObject({ complete: true, generation: 3, warnings: [] });

  await world.publishByHand('rollback', 1);
  expect(differences(await world.merged(), naive([...LOG, LATE], ONE))).not.toEqual([]);
  expect(await asked(world, ONE, AT + 1_000)).toMatchObject({
    complete: false,
    generation: 1,
    warnings: [expect.stringContaining('and back')],
  });
});

test('a rollback below a generation of the same definitions stays exact and complete', async () => {
  await world.ingest(LOG);
  await world.run();
  await world.ingest([LATE]);
  await world.run();
  await world.turn();
  await world.publishByHand('rollback', 1);
  expect(await asked(world, ONE, AT + 1_000)).toMatchObject({ complete: true, generation: 1, warnings: [] });
  expect(differences(await world.merged(), naive([...LOG, LATE], ONE))).toEqual([]);
});

test('definitions that changed and changed back are a reason why a reconciliation differs', async () => {
  await world.ingest(LOG);
  await world.run();
  await world.run({ definitions: OTHER.json, scheduled: false });
  await world.publishByHand('rollback', 1);
  await world.run({ scheduled: false });
  expect((await world.manifest(3)).definitionsVersion).toBe((await world.manifest(1)).definitionsVersion);
  expect((await world.reconciliation(3)).because).toMatchObject({ definitionsChanged: true, cutApart: [] });
});
