/** A run that brings `identity` and is cancelled, or rolled back: keys stay joined, and runs go on. */
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naiveJoined } from '@tributary/testkit/oracle/naive-joined';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linesOf } from '../../../test/laws/adoption-lines.ts';
import { clearCancelled } from '../src/cancel.ts';
import type { Stage } from '../src/ports.ts';
import { COOKIE, joined, ofCookie, STORED, settle } from './lent.ts';
import { event } from './one-user.ts';
import { asRun, createWorld, type World } from './world.ts';

const KEPT = { ...SMALL_DEFINITIONS, latenessDays: 50, signalRetention: { days: 90, perUser: 20 } };
const PLAIN = definitionsOf(KEPT);
const JOINED = joined(PLAIN);
/** What the run brings beside it is taken back. */
const BROUGHT = joined(definitionsOf({ ...KEPT, latenessDays: 40 }));
const SHORT = definitionsOf({ ...KEPT, signalRetention: { days: 50, perUser: 20 } });

const TWO_KEPT = { ...STORED, limits: { ...STORED.limits, keepGenerations: 2 } };
const BY = { by: 'ana', why: null };

let world: World;
beforeEach(async () => {
  world = await createWorld(PLAIN);
  await world.ingest([event('o0', 0, 'buy', { userId: 'bob', value: 100, currency: 'EUR' })]);
  await world.run({}, STORED);
});
afterEach(() => world.close());

async function cancelled(brought: Definitions, at: Stage): Promise<void> {
  const cancel = new AbortController();
  const run = asRun({ definitions: brought.json, scheduled: false });
  const reached = (stage: Stage) => (stage === at ? cancel.abort(new Error('cancelled')) : undefined);
  await expect(world.run(run, { ...STORED, reached }, cancel.signal)).rejects.toThrow('cancelled');
  await clearCancelled(run.begun, BY, world.ports);
}

/** Events that link, and what the lines say in both layers. */
async function expectJoined(definitions: Definitions): Promise<void> {
  await world.ingest([ofCookie('c1', 1, 'click'), event('s1', 3, 'identify', { userId: 'bob', anonymousId: COOKIE })]);
  await settle(world);
  const { log, serving, digestOf } = world;
  const states = await serving.states();
  expect(new Set(states.map((state) => state?.definitions))).toEqual(new Set([definitions.json]));
  const upTo = states.map((state) => state?.position ?? '');
  expect(differences(await world.merged(), naiveJoined(linesOf(log.disk), upTo, definitions, digestOf))).toEqual([]);
}

test.each(['remembered', 'sealed', 'computed'] as const)(
  'laws 1 and 7: cancelled after "%s", a run that joined keys is followed by one that joins them, and takes back the rest',
  async (stage) => {
    await cancelled(BROUGHT, stage);
    expect(await world.run({}, STORED)).toMatchObject({ generation: 3, published: 'published' });
    await expectJoined(JOINED);
    // Where they come from stays, and this run began for a reason of its own.
    const [first, third] = [await world.manifest(1), await world.manifest(3)];
    expect(third.definitionsOrigin).toEqual({ ...first.definitionsOrigin, reason: third.reason, at: third.createdAt });
    expect(third.definitionsOrigin?.source).toBeDefined();
    expect((await world.run({}, STORED)).published).toBe('published');
    await expectJoined(JOINED);
  },
);

test('laws 1 and 7: behind a rollback scheduled runs go on, with joined keys and what readers had of the rest', async () => {
  await world.run({ definitions: BROUGHT.json, scheduled: false }, TWO_KEPT);
  await world.publishByHand('rollback', 1);
  await world.ingest([event('o1', 1, 'buy', { userId: 'bob', value: 100, currency: 'EUR' })]);
  expect(await world.run({}, TWO_KEPT)).toMatchObject({ generation: 3, published: 'held' });
  expect((await world.manifest(3)).definitions).toBe(JOINED.json);
  await world.publishByHand('publish', 3);
  await expectJoined(JOINED);
});

test('laws 1 and 7: where those in force do not fit together with joined keys, the ones that joined them hold', async () => {
  await world.run({ definitions: SHORT.json, scheduled: false }, STORED);
  await cancelled(BROUGHT, 'sealed');
  expect(await world.run({}, STORED)).toMatchObject({ generation: 4, published: 'published' });
  await expectJoined(BROUGHT);
});

test('laws 1 and 7: so it is where the first run of all joins keys, whatever the file says', async () => {
  const first = await createWorld(PLAIN);
  await world.close();
  world = first;
  await cancelled(BROUGHT, 'sealed');
  expect(await world.run({}, STORED)).toMatchObject({ generation: 2, published: 'published' });
  await expectJoined(JOINED);
  // An edit that turns it off is refused all the same.
  const off = storedDefinitions(definitionsOf({ ...KEPT, latenessDays: 30 }).json, sha256Hex);
  const edited = { ...STORED, configuredDefinitions: async () => off };
  await expect(world.run({}, edited)).rejects.toThrow('identity must stay {"days":30}');
});
