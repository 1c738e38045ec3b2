/** Law 4 hands out all conversions, whatever the shares: where one is below 0 or above 1, the answer says so. */
import { AttributionAnswer, CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { expect, test } from 'vitest';
import { times, walk } from './walked.ts';
import { createWorld } from './world.ts';

test('one stray journey makes the credit of rates unsound: the answer says so, alone and in a comparison, live and counted', async () => {
  const world = await createWorld();
  const day = [
    ...times(40, { path: ['search'], converted: true, value: 10 }),
    ...times(60, { path: ['search'], converted: false }),
    ...times(20, { path: ['search', 'email'], converted: true, value: 10 }),
  ];
  await walk(world, [...day, { path: ['stray'], converted: false }]);
  await world.tick();
  const warnings = async (path: string) => (await world.get(`/v1/attribution${path}`)).body.meta.warnings;
  const stray = expect.stringMatching(/stray -[\d.]+ %, 1 journey over it alone/);
  const both = async () => {
    expect(await warnings('?model=rateShapley')).toEqual([stray]);
    expect(await warnings('/compare?models=shapley,rateShapley,markov')).toEqual([stray]);
    expect(await warnings('?model=rateShapley&value=revenue&by=day')).toContainEqual(stray);
    expect(await warnings('/compare?models=shapley,markov,hybrid')).toEqual([]);
  };
  await both();
  await world.cut(1);
  await world.publish(1);
  await both();
});

test('no figure of money or credit is handed out then: in rows, totals, changes, rests, comparisons and CSV', async () => {
  const world = await createWorld();
  const sound = [
    ...times(40, { path: ['search'], converted: true, value: 10, cost: 1 }),
    ...times(60, { path: ['search'], converted: false }),
    ...times(20, { path: ['search', 'email'], converted: true, value: 10 }),
  ];
  await walk(world, [...sound, { path: ['stray'], converted: false, cost: 1 }]);
  await world.tick();
  const body = async (path: string) => (await world.get(`/v1/attribution${path}`)).body;
  const none = { creditMicros: null, conversions: null, valueMinor: null, roas: null, cpaMinor: null };
  const codes = { conversionsCautions: 'outside_of_whole', valueCautions: 'outside_of_whole' };

  const report = await body('?model=rateShapley');
  expect(AttributionAnswer.parse(report)).toEqual(report);
  expect(report.rows).toHaveLength(3);
  for (const row of report.rows) expect(row).toMatchObject({ ...none, ...codes, effect: expect.any(Number) });
  expect(report.totals).toMatchObject({ ...none, costMinor: expect.any(Number) });

  const sorted = await body('?model=rateShapley&sort=conversions&limit=1');
  expect(sorted.rest).toEqual({ rows: 2, touches: expect.any(Number), costMinor: expect.any(Number) });
  const against = await body('?model=rateShapley&from=2020-01-02&to=2030-01-01&against=2010-01-01/2020-01-01');
  expect(Object.keys(against.rows[0]).filter((name) => /^previous(Credit|Conv|Value)|Change$|cpaRatio/.test(name))).toEqual([
    'costMinorChange',
  ]);
  expect(against.stoodStill).toEqual({ rows: expect.any(Number) });
  const sure = await body('?model=rateShapley&intervals=1');
  for (const row of sure.rows) expect(row).toMatchObject({ ...none, conversionsLow: null, roasLow: null, cpaMinorLow: null });

  const compared = await body('/compare?models=shapley,rateShapley');
  expect(CompareAnswer.parse(compared)).toEqual(compared);
  for (const { models } of compared.rows) {
    const difference = { creditMicros: null, valueMinor: null };
    expect(models.rateShapley).toMatchObject({ ...none, ...codes, rank: null, difference });
    expect(models.shapley).toMatchObject({ creditMicros: expect.any(Number), rank: expect.any(Number) });
  }
  const { text } = await world.get('/v1/attribution?model=rateShapley&format=csv');
  const [names = '', row = ''] = text.split('\n');
  const at = names.split(',').indexOf('creditMicros');
  expect([at > 0, row.split(',')[at], row.includes('outside_of_whole')]).toEqual([true, '', true]);
});
