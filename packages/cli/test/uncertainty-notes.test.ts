import { CAUTIONS } from '@tributary/attribution/uncertainty/cautions';
import { expect, test } from 'vitest';
import type { Report } from '../src/api-types.ts';
import { uncertaintyNotes } from '../src/report/uncertainty-notes.ts';
import { REPORT } from './api-answers.ts';

const answer = (more: object): Report => ({ ...(REPORT as unknown as Report), ...more });
const row = (channel: string, conversionsCautions: string, valueCautions: string) => ({
  ...{ channel, share: 0.5, conversionsCautions, valueCautions },
});

test('below a report stands what its intervals cover, and why channels have none', () => {
  const cautions = [{ reward: 'value', code: 'larger_orders_unseen', message: CAUTIONS.larger_orders_unseen }];
  const uncertainty = { unit: 'partition', groups: 16, level: 0.9, covers: 'sampling error only', cautions };
  const rows = [row('a', '', ''), row('b', 'few_groups', 'few_groups few_orders_decide'), row('c', 'few_groups', '')];
  expect(uncertaintyNotes(answer({ uncertainty, rows }))).toEqual([
    'intervals of 90 % from the differences between 16 groups of users (partitions): sampling error only',
    `caution, value: ${CAUTIONS.larger_orders_unseen}`,
    `caution, b, c: ${CAUTIONS.few_groups}`,
    `caution, value of b: ${CAUTIONS.few_groups}`,
    `caution, value of b: ${CAUTIONS.few_orders_decide}`,
  ]);
});

test('without groups the reason alone, and nothing where no intervals were asked for', () => {
  const cautions = [{ reward: 'conversions', code: 'groups_not_kept', message: CAUTIONS.groups_not_kept }];
  const uncertainty = { unit: 'partition', groups: null, level: 0.9, covers: 'sampling error only', cautions };
  expect(uncertaintyNotes(answer({ uncertainty, rows: [] }))).toEqual([`caution, conversions: ${CAUTIONS.groups_not_kept}`]);
  expect(uncertaintyNotes(answer({ uncertainty: null }))).toEqual([]);
  expect(uncertaintyNotes(undefined)).toEqual([]);
});
