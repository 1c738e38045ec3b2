/** Why a request is refused: every sentence has the same form, from whatever rule it comes. */
import { ruleOf } from '@tributary/model/schema-rule';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { ROUTES } from '../src/routes.ts';
import { refusalOf } from '../src/shapes/refusal.ts';

function refused(schema: z.ZodType, asked: unknown): string {
  const { error } = schema.safeParse(asked, { error: ruleOf });
  return refusalOf(error?.issues ?? [], asked, 'body');
}

const signals = ROUTES.querySignals.body;

test.each([
  [signals, null, 'the body must be an object (got null)'],
  [signals, {}, 'users must be a list (got nothing)'],
  [signals, { users: [] }, 'users must have at least 1 element (got a list of 0)'],
  [signals, { users: [7] }, 'users.0 must be text (got 7)'],
  [
    signals,
    { users: ['a\tb'] },
    'users.0 must be 1 to 256 characters of valid Unicode, with no control character among them (got "a\\tb")',
  ],
  [signals, { users: ['a', 'b', 'a'] }, 'users.2 must differ from all users before it (got "a")'],
  [signals, { users: ['a'], limit: '5' }, 'limit must be a number (got "5")'],
  [signals, { users: ['a'], limit: 0 }, 'limit must be at least 1 (got 0)'],
  [signals, { users: ['a'], limit: 1e9 }, 'limit must be at most 1000 (got 1000000000)'],
  [signals, { users: ['a'], from: {} }, /^from must be epoch milliseconds \(13 digits\), .* \(got an object\)$/],
  [
    signals,
    { users: ['a'], form: 1, too: 2 },
    'a name in the body must be one of users, names, limit, from, to (got "form", "too")',
  ],
  [signals, { users: ['a'], toString: 1 }, 'a name in the body must be one of users, names, limit, from, to (got "toString")'],
  [
    signals,
    { users: Array.from({ length: 1_000 }, (_, i) => `u${i}`), limit: 21 },
    'limit must be at most 20 for 1000 users: an answer has 20000 signals or fewer (got 21)',
  ],
  [
    ROUTES.touches.query,
    { convertTo: 'EUR' },
    /^a name in the body must be one of .* \(got "convertTo"\): amounts are converted in attribution reports and comparisons; here, ask for one currency/,
  ],
  [ROUTES.requestGeneration.body, { mode: 'half' }, 'mode must be one of incremental, full (got "half")'],
  [ROUTES.requestGeneration.body, { definitions: [] }, 'definitions must be an object (got a list of 0)'],
  [ROUTES.explainConversion.params, { id: 'x'.repeat(200) }, /^id must have at most 128 characters \(got "x{79}…\)$/],
  [ROUTES.generation.params, { generation: '0' }, 'generation must be the number of a generation, from 1 (got "0")'],
  [ROUTES.userSignals.query, { from: ['1', '2'] }, /^from must be .* \(got a list of 2\)$/],
])('case %#', (schema, asked, says) => {
  expect(refused(schema, asked)).toMatch(
    says instanceof RegExp ? says : new RegExp(`^${says.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
  );
});
