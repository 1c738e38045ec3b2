/** Users who are erased, lifted and corrected in one run; and a base that is older than the archive, from before an erasure that the archive says no more. */
import { cp, rm } from 'node:fs/promises';
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveUnforgotten } from '@tributary/testkit/oracle/naive-erasure';
import { afterEach, expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld, type World } from './world.ts';

const RANGE = { from: '2026-03-01', to: '2026-03-02', author: 'ada', reason: 'it went wrong' };
const RENAMED = { name: 'renamed', when: 'channel == "search"', set: { campaign: 'x' }, ...RANGE };
const OTHER = { name: 'other', when: 'channel == "fax"', set: { campaign: 'y' }, ...RANGE };
const one = definitionsOf({ ...SMALL_DEFINITIONS, corrections: [RENAMED] });
const two = definitionsOf({ ...SMALL_DEFINITIONS, corrections: [RENAMED, OTHER] });
const plain = definitionsOf(SMALL_DEFINITIONS);

let world: World;
let log: Event[] = [];
afterEach(() => world.close());

async function start(definitions: typeof plain): Promise<void> {
  log = [];
  world = await createWorld(definitions);
}

async function ingest(...events: readonly Event[]): Promise<void> {
  log.push(...events);
  await world.ingest(events);
  await world.turn();
}

const { receivedAt } = event('', 0, '');
const says = (type: typeof ERASE_TYPE | typeof LIFT_TYPE): Event =>
  JSON.parse(encodeErasure({ type, userKey: 'ana', id: type === ERASE_TYPE ? 'e' : 'l', atMs: receivedAt })) as Event;
const bought = (userId: string, mark = '') =>
  [
    event(`click${mark}`, 3.5, 'click', { channel: 'search', campaign: `c-${userId}` }),
    event(`order${mark}`, 4, 'buy', { value: 100, currency: 'EUR' }),
  ].map((each) => ({ ...each, userId }));
const wrongIn = async (rows: ReturnType<World['merged']>, definitions: typeof plain) =>
  differences(await rows, naive(naiveUnforgotten(log), definitions));

test('laws 1 and 9: what comes under its id again after a lift counts, in the run that corrects it otherwise', async () => {
  await start(one);
  await ingest(...bought('ana'), ...bought('eve'));
  await world.run({ mode: 'incremental', definitions: one.json });
  await ingest(says(ERASE_TYPE), says(LIFT_TYPE), ...bought('ana'));
  await world.run({ mode: 'incremental', definitions: two.json });
  expect((await world.manifest(2)).mode).toBe('incremental');
  expect(await wrongIn(world.viewsOf(2), two)).toEqual([]);
});

test('laws 1 and 9: so it does where the generation that knew of the erasure is lost', async () => {
  await start(one);
  await ingest(...bought('ana'), ...bought('eve'));
  await world.run({ mode: 'incremental', definitions: one.json });
  await ingest(says(ERASE_TYPE));
  await world.run({ mode: 'incremental' });
  await ingest(says(LIFT_TYPE), ...bought('ana'));
  await rm(`${world.dataDir}/generations/000002`, { recursive: true });
  const done = await world.run({ mode: 'incremental', definitions: two.json, scheduled: false });
  expect((await world.manifest(done.generation)).base).toBe(1);
  expect(await wrongIn(world.merged(), two)).toEqual([]);
});

test('law 9: an older copy of the generations, from before an erasure whose record the archive lacks by now, is not built upon', async () => {
  await start(plain);
  const limits = { ...world.ports.limits, keepGenerations: 1 };
  await ingest(...bought('ana'), ...bought('eve'));
  await world.run({}, { limits });
  const [folder, older] = [`${world.dataDir}/generations`, `${world.dataDir}-older`];
  try {
    await cp(folder, older, { recursive: true, preserveTimestamps: true });
    await ingest(says(ERASE_TYPE));
    for (let i = 0; i < 3; i++) await world.run({ mode: 'full', scheduled: false }, { limits });
    const archived = `read_parquet('${world.dataDir}/archive/events/*/*.parquet', hive_partitioning = false)`;
    expect(await world.session.rows(`SELECT count(*) AS n FROM ${archived} WHERE user_key = 'ana'`)).toEqual([{ n: 0n }]);
    await rm(folder, { recursive: true });
    await cp(older, folder, { recursive: true, preserveTimestamps: true });
  } finally {
    await rm(older, { recursive: true });
  }
  await ingest(...bought('bob'));
  const first = await world.run({ mode: 'incremental', scheduled: true }, { limits });
  expect(await world.manifest(first.generation)).toMatchObject({ mode: 'full', base: null, erased: [expect.any(String)] });
  expect(await wrongIn(world.merged(), plain)).toEqual([]);
  await ingest(...bought('bob', ' 2'));
  const second = await world.run({ mode: 'incremental', scheduled: true }, { limits });
  expect((await world.manifest(second.generation)).base).toBe(first.generation);
  expect(await wrongIn(world.merged(), plain)).toEqual([]);
});
