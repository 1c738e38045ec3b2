import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import type { Rows } from '@tributary/views/deltas';
import { expect, test } from 'vitest';
import type { ReportQuestion } from '../question.ts';
import { creditOfGroups } from './credit-groups.ts';

const QUESTION = {
  models: ['linear'],
  by: ['channel'],
  equal: {},
  days: { fromDay: null, toDay: null },
  wanted: { conversions: true, revenue: false },
  parameters: { intervals: { level: 0.9 }, custom: null, transform: null },
} as unknown as ReportQuestion;

const rowsOf = (own: Record<string, number>): Rows =>
  new Map(Object.entries(own).map(([channel, conversions]) => [channel, [conversions * CREDIT_UNIT_MICROS, 100 * conversions]]));
const groupOf = (own: Record<string, number>) => ({ project: () => rowsOf(own), collect: () => new Map() });

test('a group knows the channels that it credits: refunds that took all of it back leave none', () => {
  const groups = { each: [groupOf({ a: 2, b: 0 }), groupOf({ a: 1, b: 3 })], prepare: async () => {} };
  const all = { ...groupOf({ a: 3, b: 3 }), definitions: [definitionsOf({})] as const, groups };
  const counted = creditOfGroups('linear', all, QUESTION, null);
  expect(counted).toEqual({
    is: rowsOf({ a: 3, b: 3 }),
    without: [rowsOf({ a: 1, b: 3 }), rowsOf({ a: 2 })],
    met: new Map([
      ['a', [2, 1]],
      ['b', [0, 3]],
    ]),
    orders: expect.anything(),
    singleOrders: new Map(),
  });
});
