/** Beside what a data-driven model says of a channel stands on how many conversions it rests. */
import { AttributionAnswer } from '@tributary/contract/groups/attribution-answer';
import { expect, test } from 'vitest';
import { type AnyRow, times, walked } from './walked.ts';

const sale = (...path: string[]) => ({ path, converted: true, value: 10 });

test.each(['shapley', 'rateShapley', 'markov', 'hybrid'])(
  '%s: few conversions behind a channel are said beside it',
  async (model) => {
    const world = await walked([
      ...times(20, sale('many')),
      ...times(14, sale('some', 'other', 'some')),
      ...times(5, sale('some')),
      ...times(4, sale('few')),
      ...times(9, { path: ['none'], converted: false }),
    ]);
    const { body } = await world.get(`/v1/attribution?model=${model}`);
    expect(AttributionAnswer.parse(body)).toEqual(body);
    expect(body.rows.map((row: AnyRow) => [row.channel, row.met, row.caution])).toEqual([
      ['few', 4, 'too_few_conversions'],
      ['many', 20, null],
      ['none', 0, 'no_conversions'],
      ['other', 14, 'few_conversions'],
      ['some', 19, 'few_conversions'],
    ]);
    const cells = (await world.get(`/v1/attribution?model=${model}&by=channel,day`)).body.rows;
    for (const row of cells) expect(row).not.toHaveProperty('caution');
  },
);

test('rules count each conversion by itself: no caution; conversions without a path have none', async () => {
  const world = await walked([sale('a'), { path: [], converted: true, value: 5 }]);
  for (const row of (await world.get('/v1/attribution?model=last')).body.rows) expect(row).not.toHaveProperty('caution');
  const shared = (await world.get('/v1/attribution?model=shapley')).body.rows;
  expect(shared.map((row: AnyRow) => [row.channel, row.caution])).toEqual([
    ['(unattributed)', undefined],
    ['a', 'too_few_conversions'],
  ]);
});
