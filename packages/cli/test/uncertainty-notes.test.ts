import { CAUTIONS } from '@tributary/attribution/uncertainty/caution-codes';
import { expect, test } from 'vitest';
import type { Report } from '../src/api-types.ts';
import { uncertaintyNotes } from '../src/report/uncertainty-notes.ts';
import { REPORT } from './api-answers.ts';

const WHERE = 'intervals of credit, value, effects, ROAS and CPA, with their cautions: --format json, csv or ndjson';
const answer = (more: object): Report => ({ ...(REPORT as unknown as Report), ...more });
const row = (channel: string, conversionsCautions: string, valueCautions: string) => ({
  ...{ channel, share: 0.5, conversionsCautions, valueCautions },
});

test('below a report stands what its intervals cover, why channels have none, and nothing of intervals that the table has not', () => {
  const cautions = [
    { reward: 'conversions', code: 'fewer_than_100_conversions', message: CAUTIONS.fewer_than_100_conversions },
    { reward: 'value', code: 'larger_orders_unseen', message: CAUTIONS.larger_orders_unseen },
  ];
  const uncertainty = { unit: 'partition', groups: 16, level: 0.9, covers: 'sampling error only', cautions };
  const rows = [row('a', '', ''), row('b', 'few_groups', 'few_groups few_orders_decide'), row('c', 'few_groups', '')];
  expect(uncertaintyNotes(answer({ uncertainty, rows }))).toEqual([
    'intervals of 90 % from the differences between 16 groups of users (partitions): sampling error only',
    `caution, conversions: ${CAUTIONS.fewer_than_100_conversions}`,
    `caution, b, c: ${CAUTIONS.few_groups}`,
    WHERE,
  ]);
  const ofValue = rows.map(({ conversionsCautions: _, ...one }) => one);
  expect(
    uncertaintyNotes(answer({ uncertainty: { ...uncertainty, cautions: cautions.slice(1) }, rows: ofValue })).slice(1),
  ).toEqual([
    `caution, value: ${CAUTIONS.larger_orders_unseen}`,
    `caution, value of b: ${CAUTIONS.few_groups}`,
    `caution, value of b: ${CAUTIONS.few_orders_decide}`,
    WHERE,
  ]);
});

test('without groups the reason alone, and nothing where no intervals were asked for', () => {
  const cautions = [{ reward: 'conversions', code: 'groups_not_kept', message: CAUTIONS.groups_not_kept }];
  const uncertainty = { unit: 'partition', groups: null, level: 0.9, covers: 'sampling error only', cautions };
  expect(uncertaintyNotes(answer({ uncertainty, rows: [] }))).toEqual([`caution, conversions: ${CAUTIONS.groups_not_kept}`]);
  expect(uncertaintyNotes(answer({ uncertainty: null }))).toEqual([]);
  expect(uncertaintyNotes(undefined)).toEqual([]);
});
