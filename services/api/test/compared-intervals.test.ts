/** Intervals beside several models: those of each model's own report. */
import { REPORTED_NAMES } from '@tributary/attribution/models/catalogue';
import { CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { demandIntervals } from '@tributary/reports/question';
import { expect, test } from 'vitest';
import { type AnyRow, type Journey, times, walk, walked } from './walked.ts';

const PARTITIONS = 16;
const PARAMETERS = 'order=1&custom=30,10..40&level=0.95';
const MODELS = REPORTED_NAMES.filter((model) => {
  try {
    demandIntervals(model);
    return true;
  } catch {
    return false;
  }
});
/** Its game hands out no credit for these users: rows say so, and have no interval. */
const WITHOUT_CREDIT = 'rateShapley';
/** Every interval of a report, and what is said beside it, but those of effects, which rows of several models do not have. */
const OF_INTERVALS = /^(?!effect|valueEffect).*(?:Low|High)$|^rank(?:To)?$|^aboveNext$|^(?:conversions|value)Cautions$/;

const users = (): readonly Journey[] =>
  Array.from({ length: 300 }, (_, i) => {
    const path = i % 43 === 0 ? ['d'] : ([['a', 'b'], ['a'], ['b', 'direct', 'a'], ['b']][i % 4] as string[]);
    const own = { path, value: 40 + (i % 7), currency: 'EUR', cost: 3, userId: `user ${i}` };
    const orders = i % 3 === 0 ? 1 + (i % 2) : 0;
    return orders === 0 ? [{ ...own, converted: false }] : times(orders, { ...own, converted: true });
  }).flat();

const intervalsOf = (row: AnyRow) => Object.fromEntries(Object.entries(row).filter(([name]) => OF_INTERVALS.test(name)));

test("law 1: intervals of compared models are those of each model's report, to the last bit, in both layers", async () => {
  const world = await walked(users().slice(0, 200), {}, { partitions: PARTITIONS });
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  await walk(world, users().slice(200));
  await world.tick();
  const { body } = await world.get(`/v1/attribution/compare?models=${MODELS.join(',')}&${PARAMETERS}&intervals=1`);
  expect(CompareAnswer.parse(body)).toEqual(body);
  expect(Object.keys(body.uncertainty)).toEqual(MODELS);
  for (const model of MODELS) {
    const { body: report } = await world.get(`/v1/attribution?model=${model}&${PARAMETERS}&intervals=1`);
    expect([model, body.uncertainty[model]]).toEqual([model, report.uncertainty]);
    const rows = (body.rows as AnyRow[]).map(({ channel, models }) => [channel, intervalsOf({ rank: null, ...models[model] })]);
    const own = (report.rows as AnyRow[]).map((row) => [row.channel, intervalsOf({ rank: null, ...row })]);
    expect([model, rows]).toEqual([model, own]);
    const hasSome = rows.some(([, row]) => row.shareLow !== null && row.shareLow < row.shareHigh);
    expect([model, hasSome]).toEqual([model, model !== WITHOUT_CREDIT]);
  }
});

test('without intervals there are none; models and rows that have none are refused', async () => {
  const world = await walked(users().slice(0, 40), {}, { partitions: PARTITIONS });
  const { body } = await world.get('/v1/attribution/compare?models=last,markov');
  expect(body.uncertainty).toBeNull();
  expect(JSON.stringify(body.rows)).not.toMatch(/Low|rankTo|Cautions/);
  for (const query of ['models=last,participation&intervals=1', 'models=last,linear&intervals=1&by=day']) {
    const refused = await world.get(`/v1/attribution/compare?${query}`);
    expect([query, refused.status, refused.body.code]).toEqual([query, 400, 'invalid_query']);
  }
});
