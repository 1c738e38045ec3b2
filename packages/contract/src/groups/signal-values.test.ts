/** Names of signals are refused as a schema of each name would refuse the first of them. */
import { ruleOf } from '@tributary/model/schema-rule';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { MAX_SIGNALS, SIGNAL_VALUE_ROUTES } from './signal-values.ts';

const each = z.object({ signals: z.array(z.string().min(1).max(64)).min(1).max(MAX_SIGNALS) });

const LISTS: readonly unknown[] = [
  ['a'],
  ['a', 'x'.repeat(64)],
  [''],
  ['a', '', 'x'.repeat(65)],
  ['😀'.repeat(32)],
  ['😀'.repeat(64)],
  ['😀'.repeat(65)],
  [],
  Array(MAX_SIGNALS).fill('a'),
  Array(MAX_SIGNALS + 1).fill('a'),
  Array(MAX_SIGNALS + 1).fill(''),
  [7, ''],
  [null],
  'a',
  undefined,
];

test.each(LISTS.map((signals) => [signals]))('names of %j', (signals) => {
  const said = (read: z.ZodSafeParseResult<unknown>) => read.error?.issues.map(({ path, message }) => [path, message])[0];
  const own = SIGNAL_VALUE_ROUTES.queryValues.body.safeParse({ users: ['ada'], signals }, { error: ruleOf });
  expect(said(own)).toEqual(said(each.safeParse({ signals }, { error: ruleOf })));
});

test('the document of the API says how long names are', () => {
  const { properties } = z.toJSONSchema(SIGNAL_VALUE_ROUTES.queryValues.body, { io: 'input', unrepresentable: 'any' });
  expect(properties?.['signals']).toMatchObject({
    minItems: 1,
    maxItems: MAX_SIGNALS,
    items: { type: 'string', minLength: 1, maxLength: 64 },
  });
});
