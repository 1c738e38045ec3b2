/** Live = batch = files: `attribution run --groups 16` over the events of a platform of 16 partitions gives its intervals, to the last bit. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRule, type ModelName } from '@tributary/attribution/models/catalogue';
import { DAY_MS } from '@tributary/model/time';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { tributary } from '../../packages/cli/test/fake-shell.ts';
import { folder } from '../../packages/cli/test/path-runs.ts';
import { type AnyRow, type Journey, MINUTE, rowsOf, SHARED, walked } from '../../services/api/test/walked.ts';
import { NOON } from '../../services/api/test/world.ts';

const PARTITIONS = 16;
/** Those of whole paths and times, that the view `credit` counts, and the models that are run on counts. */
const MODELS: readonly ModelName[] = ['first', 'last', 'lastNonDirect', 'linear', 'positionBased', 'timeDecay', ...SHARED];

type Own = Journey & { readonly userId: string };

/** 400 users: some without a touch, some who come back on another day, one channel that few know. */
function journeys(): Own[] {
  const random = createRandom(31);
  return Array.from({ length: 400 }, (_, i): Own[] => {
    const steps = ['a', 'b', 'direct', 'c', 'b'];
    const path =
      i % 57 === 1 ? ['d'] : i % 40 === 2 ? [] : Array.from({ length: random.between(1, 4) }, () => random.pick(steps));
    const own = { path, currency: 'EUR', userId: `user ${i}` };
    if (i % 3 === 2 && i % 40 !== 2) return [{ ...own, converted: false }];
    const orders = i % 7 === 0 ? [2, 0] : [i % 2];
    return orders.map((daysAgo) => ({ ...own, converted: true, value: 400 + random.below(300), daysAgo }));
  }).flat();
}

/** The same events as `walk` sends. */
function fileOf(own: readonly Own[]): string {
  const rows = own.flatMap(({ path, converted, value = 0, daysAgo = 0, userId }) => {
    const noon = NOON - daysAgo * DAY_MS;
    const touches = path.map((channel, i) => [userId, noon - (path.length - i) * MINUTE, 'ad_click', channel, '']);
    return [...touches, ...(converted ? [[userId, noon, 'purchase', '', value / 100]] : [])];
  });
  const file = join(folder, 'platform.csv');
  writeFileSync(file, `user,time,type,channel,value\n${rows.map((row) => row.join(',')).join('\n')}\n`);
  return file;
}

test('law 1: share, credit, effects, value, ranks and cautions of every model, live, of a generation and of the file', async () => {
  const own = journeys();
  const world = await walked(own, {}, { partitions: PARTITIONS });
  const map = 'user=user,time=time,type=type,channel=channel,value=value';
  const flags = ['--currency', 'EUR', '--models', MODELS.join(), '--groups', `${PARTITIONS}`, '--costs', 'a=10,b=20,c=5,d=1'];
  const done = await tributary(['attribution', 'run', '--events', fileOf(own), '--map', map, ...flags, '--json']);
  expect([done.code, done.code === 0 ? '' : done.stderr]).toEqual([0, '']);
  const ofFile = JSON.parse(done.stdout);
  expect(ofFile.uncertainty).toMatchObject({ unit: 'partition', groups: PARTITIONS, level: 0.9 });
  let printed = 0;
  const compare = async () => {
    for (const model of MODELS) {
      const rows = await rowsOf(world, `model=${model}&intervals=1`);
      for (const row of ofFile.rows.filter((one: AnyRow) => one.model === model && one.channel !== '(unattributed)')) {
        const other = rows[row.channel] ?? {};
        const bounds = (of: AnyRow, ...names: string[]) => names.flatMap((name) => [of[`${name}Low`], of[`${name}High`]]);
        // The leading reward ranks; value is in whole minor units on the platform.
        const theirs = [...bounds(other, 'share', 'conversions'), other.rank, other.rankTo, other.aboveNext];
        const files = [...bounds(row, 'conversionsShare', 'conversions'), row.conversionsRankFrom];
        const figures = [...files, row.conversionsRankTo, row.conversionsAboveNext];
        expect([model, row.channel, ...figures]).toEqual([model, row.channel, ...theirs.map((figure) => figure ?? null)]);
        expect(row.conversionsShare).toBeCloseTo(other.share ?? 0, 6);
        if (!isRule(model)) expect(bounds(row, 'conversionsEffect')).toEqual(bounds(other, 'effect'));
        expect(bounds(row, 'value').map((bound) => (bound === null ? null : Math.round(bound * 100)))).toEqual(
          bounds(other, 'valueMinor').map((bound) => bound ?? null),
        );
        const codes = (text: string | null | undefined) => (text ?? '').replace(/ ?fewer_than_10_conversions/, '');
        expect([model, codes(row.conversionsCautions), codes(row.valueCautions)]).toEqual([
          model,
          codes(other.conversionsCautions),
          codes(other.valueCautions),
        ]);
        if (row.conversionsShareLow !== null && row.valueLow !== null) printed++;
      }
    }
  };
  await compare();
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  await compare();
  expect(printed).toBeGreaterThan(2 * 3 * MODELS.length - 20);
});

test('without users there are no groups; text and refusals say what to do', async () => {
  const file = join(folder, 'groups.csv');
  writeFileSync(file, 'path,conversions,value,nulls\na > b,3,30,4\n');
  const run = (...flags: string[]) => tributary(['attribution', 'run', '--paths', file, ...flags]);
  const refused = await run('--groups', '16');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('names the user of each journey, also')]);
  // A row of journeys without a user stands in no group (before: counted once, however many they are, among those of one group).
  writeFileSync(file, `user,path,conversions,nulls\nu1,a,1,0\n,a,0,75\n`);
  expect((await run('--groups', '16', '--map', 'user=user')).stderr).toContain('names the user of each journey, also');
  expect((await run('--groups', '7')).stderr).toContain('--groups must be a whole number from 8 to 256');
  expect((await run('--groups', '16', '--bootstrap', '200')).stderr).toContain('leave out one of them');
  const rows = Array.from({ length: 200 }, (_, i) => `u${i},${i % 2 === 0 ? 'a' : 'b > a'},${i % 3 === 0 ? 1 : 0}`);
  writeFileSync(file, `user,path,conversions\n${rows.join('\n')}\n`);
  const { code, stdout } = await run('--groups', '16', '--map', 'user=user', '--models', 'linear,shapley');
  expect(code).toBe(0);
  expect(stdout).toContain(
    'intervals: from the differences between 16 groups of users, as a platform with 16 partitions has them',
  );
  expect(stdout).toMatch(/a +\d+\.\d \(\d+\.\d–\d+\.\d\) #1/);
});
