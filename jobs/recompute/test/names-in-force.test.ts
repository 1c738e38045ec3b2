/** The collector keeps the names of the definitions in force, whatever else a day has brought. */
import { writeFile } from 'node:fs/promises';
import { followNames } from '@tributary/collector/names/follow-names';
import { createNames } from '@tributary/collector/names/names';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { conversions } from '@tributary/views/conversions/fold';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asked } from './asked.ts';
import { createWorld, type World } from './world.ts';

const FILE = definitionsOf(SMALL_DEFINITIONS);
const SENT = definitionsOf({
  ...SMALL_DEFINITIONS,
  conversions: ['signup'],
  attribution: { ...SMALL_DEFINITIONS.attribution, channels: ['fax'] },
});
const AT = Date.UTC(2026, 2, 1, 12);

let world: World;
beforeEach(async () => (world = await createWorld(FILE)));
afterEach(() => world.close());

const event = (id: string, hours: number, type: string): Event => ({
  ts: AT + hours * HOUR_MS,
  type,
  id,
  userId: 'ana',
  receivedAt: AT,
  source: 'test',
  value: 1,
});
const sendDefinitions = () => world.run({ definitions: SENT.json, scheduled: false, reason: 'demand by ana' });

test('laws 1 and 7: a conversion of definitions that were sent with a run keeps its name, and both layers count it', async () => {
  const followed = await followNames(async () => FILE, world.dataDir);
  const names = createNames(
    { type: 3, channel: 500, campaign: 10_000, page: 10, element: 10, value: 10, importDays: 400 },
    followed.known,
    () => AT,
  );
  const collect = (sent: Event): Event => {
    const claim = names.claim();
    const folded = claim.fold(sent);
    claim.add(sent, folded);
    claim.keep();
    return folded?.event ?? sent;
  };
  await world.run();
  await sendDefinitions();
  await world.run({ reason: 'schedule' });
  await followed.poll();
  const types = ['x1', 'x2', 'x3', 'x4', 'signup', 'buy'];
  const stored = types.map((type, i) => collect(event(`${i}`, i, type)));
  expect(stored.map(({ type }) => type)).toEqual(['x1', 'x2', 'x3', '(other)', 'signup', 'buy']);

  await world.ingest(stored);
  await world.turn();
  const counted = async () => (await world.merged()).get(conversions.name)?.size;
  expect([await counted(), (await asked(world, FILE, AT + 1_000)).complete]).toEqual([1, true]);
  await world.run({ reason: 'schedule' });
  await world.turn();
  expect([await counted(), (await asked(world, FILE, AT + 1_000)).complete]).toEqual([1, true]);
});

test('law 7: names follow the file and what is published, also back', async () => {
  let file = FILE;
  const { known, poll } = await followNames(async () => file, world.dataDir);
  const keeps = async () => {
    await poll();
    return [known.type.has('buy'), known.type.has('signup'), known.channel.has('fax'), known.type.has('trial')];
  };
  expect(await keeps()).toEqual([true, false, false, false]);
  await world.run();
  await sendDefinitions();
  expect(await keeps()).toEqual([true, true, true, false]);
  file = definitionsOf({ ...SMALL_DEFINITIONS, conversions: ['trial'] });
  expect(await keeps()).toEqual([false, true, true, true]);
  await world.publishByHand('rollback', 1);
  expect(await keeps()).toEqual([true, false, false, true]);
});

test('law 7: while the file or the publications cannot be read, their last names stay, and the others are followed', async () => {
  let file = (): typeof FILE => FILE;
  const { known, poll } = await followNames(async () => file(), world.dataDir);
  file = () => {
    throw new Error('half written');
  };
  await world.run();
  await sendDefinitions();
  await expect(poll()).rejects.toThrow('half written');
  expect([known.type.has('buy'), known.type.has('signup')]).toEqual([true, true]);

  file = () => definitionsOf({ ...SMALL_DEFINITIONS, conversions: ['trial'] });
  await writeFile(dataPath(world.dataDir, 'publications', '000099.json'), '{');
  await expect(poll()).rejects.toMatchObject({ code: 'manifest_corrupt' });
  expect([known.type.has('trial'), known.type.has('signup')]).toEqual([true, true]);
});

test('law 7: pages are bounded by what the definitions in force call them: a pattern of the file makes one name of many once a run took it', async () => {
  const web = (rules: { pages?: string[] }) => definitionsOf({ ...SMALL_DEFINITIONS, web: rules });
  const { known, poll } = await followNames(async () => web({ pages: ['/shop/:id'] }), world.dataDir);
  const page = async () => {
    await poll();
    return known.page('https://s.example/shop/17');
  };
  // Nothing is in force yet.
  expect(await page()).toBe('s.example/shop/:id');
  await world.run({ definitions: web({}).json, scheduled: false, reason: 'demand by ana' });
  expect(await page()).toBe('s.example/shop/17');
});
