/** What is kept of users' values, and for how long; that it is what would be computed: services/api/test/kept-values.test.ts. */
import { HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { createKeptValues } from '@tributary/serving/users/kept-values';
import type { Lasting } from '@tributary/serving/users/signal-values';
import { NEVER_CUT } from '@tributary/views/user-state';
import { expect, test } from 'vitest';

const NOON = Date.UTC(2026, 10, 20, 12);
const ALWAYS = Number.POSITIVE_INFINITY;
const LASTING: Lasting = { untilMs: ALWAYS, fromMs: ALWAYS, movingFromMs: ALWAYS, growing: [] };
const SET = new Map();
const RECORD = Buffer.from('a record');

const made = (text: string, asOfMs = NOON) => ({ made: text, bytes: text.length, asOfMs, newestTs: -1, lasting: LASTING });
const at = (asOfMs: number) => ({ asOfMs, lackUpToMs: NEVER_CUT });

test('what is kept has its own form, definitions, names and user', () => {
  const kept = createKeptValues(1024 * 1024);
  kept.of<string>('json', SET, ['a']).keep('ada', RECORD, made('of ada'));
  const found = (form: string, set: typeof SET, names: readonly string[], userKey: string) =>
    kept.of<string>(form, set, names).find(userKey, RECORD, at(NOON))?.made;
  expect(found('json', SET, ['a'], 'ada')).toBe('of ada');
  expect(found('json', SET, ['a'], 'eve')).toBeUndefined();
  expect(found('json', SET, ['a', 'b'], 'ada')).toBeUndefined();
  expect(found('columns', SET, ['a'], 'ada')).toBeUndefined();
  expect(found('json', new Map(), ['a'], 'ada')).toBeUndefined();
});

test('a copy of a record is let go of after an hour, whatever is asked then', () => {
  const question = createKeptValues(1024 * 1024).of<string>('json', SET, ['a']);
  question.keep('ada', RECORD, made('of ada'));
  expect(question.find('ada', RECORD, at(NOON + HOUR_MS))?.made).toBe('of ada');
  question.find('eve', RECORD, at(NOON + HOUR_MS + MINUTE_MS));
  // Not even as of the instant that it was made as of.
  expect(question.find('ada', RECORD, at(NOON))).toBeUndefined();
});

test('what is kept is bounded in bytes: what was used least recently goes first', () => {
  const question = createKeptValues(20_000).of<string>('json', SET, ['a']);
  const users = Array.from({ length: 30 }, (_, i) => `user-${i}`);
  for (const user of users) {
    question.keep(user, RECORD, made('x'.repeat(1_000)));
    question.find('user-0', RECORD, at(NOON));
  }
  const left = users.filter((user) => question.find(user, RECORD, at(NOON)) !== undefined);
  expect(left).toEqual(['user-0', ...users.slice(-8)]);
  const none = createKeptValues(0).of<string>('json', SET, ['a']);
  none.keep('ada', RECORD, made('of ada'));
  expect(none.find('ada', RECORD, at(NOON))).toBeUndefined();
});
