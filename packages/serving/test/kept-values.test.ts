/** What is kept of users' values, and for how long; that it is what would be computed: services/api/test/kept-values.test.ts. */
import { HOUR_MS } from '@tributary/model/time';
import { createKeptValues, type KeptOfQuestion } from '@tributary/serving/users/kept-values';
import type { Lasting } from '@tributary/serving/users/signal-values';
import { NEVER_CUT } from '@tributary/views/user-state';
import { expect, test } from 'vitest';

const NOON = Date.UTC(2026, 10, 20, 12);
const ALWAYS = Number.POSITIVE_INFINITY;
const LASTING: Lasting = { untilMs: ALWAYS, fromMs: ALWAYS, movingFromMs: ALWAYS, growing: [] };
const SET = new Map();
const RECORD = Buffer.from('a record');

const since = (asOfMs: number) => ({ asOfMs, newestTs: -1, lasting: LASTING });
const made = (text: string) => () => ({ made: text, bytes: text.length });
const at = (asOfMs: number) => ({ asOfMs, lackUpToMs: NEVER_CUT });

/** As often as it takes: what was asked about once is not kept. */
function keepOf(question: KeptOfQuestion<string>) {
  return (...asked: Parameters<KeptOfQuestion<string>['keep']>): void => {
    for (let times = 0; times < 2; times++) question.keep(...asked);
  };
}

test('what is asked about once is not kept, nor is anything made of it, and a second time it is', () => {
  const kept = createKeptValues(1024 * 1024);
  const [question, other] = [kept.of<string>('json', SET, ['a']), kept.of<string>('json', SET, ['b'])];
  let calls = 0;
  const make = () => ({ made: 'of ada', bytes: calls++ });
  const find = () => question.find('ada', RECORD, at(NOON))?.made;
  question.keep('ada', RECORD, since(NOON), make);
  other.keep('ada', RECORD, since(NOON), make);
  question.keep('eve', RECORD, since(NOON), make);
  expect([find(), calls]).toEqual([undefined, 0]);
  question.keep('ada', RECORD, since(NOON), make);
  expect([find(), calls]).toEqual(['of ada', 1]);
  // It is there already, and something happened.
  question.keep('ada', Buffer.from('more'), since(NOON), () => ({ made: 'more', bytes: 4 }));
  expect([find(), question.find('ada', Buffer.from('more'), at(NOON))?.made]).toEqual([undefined, 'more']);
  expect(kept.counts).toEqual({ asked: 4, found: 2 });
});

test('users of whom each is asked about again behind many others leave what is kept to those who are asked about soon', () => {
  const question = createKeptValues(1024 * 1024).of<string>('json', SET, ['a']);
  const many = Array.from({ length: 5_000 }, (_, i) => `user-${i}`);
  let calls = 0;
  const make = () => {
    calls++;
    return { made: 'one', bytes: 10 };
  };
  for (let pass = 0; pass < 3; pass++) for (const user of many) question.keep(user, RECORD, since(NOON), make);
  expect(calls).toBeLessThan(many.length / 50);
});

test('what is kept has its own form, definitions, names and user', () => {
  const kept = createKeptValues(1024 * 1024);
  keepOf(kept.of<string>('json', SET, ['a']))('ada', RECORD, since(NOON), made('of ada'));
  const found = (form: string, set: typeof SET, names: readonly string[], userKey: string) =>
    kept.of<string>(form, set, names).find(userKey, RECORD, at(NOON))?.made;
  expect(found('json', SET, ['a'], 'ada')).toBe('of ada');
  expect(found('json', SET, ['a'], 'eve')).toBeUndefined();
  expect(found('json', SET, ['a', 'b'], 'ada')).toBeUndefined();
  expect(found('columns', SET, ['a'], 'ada')).toBeUndefined();
  expect(found('json', new Map(), ['a'], 'ada')).toBeUndefined();
});

test('law 9: a copy of a record is let go of an hour after it was made, whatever instant is asked about and where nothing is asked', () => {
  let nowMs = 5;
  const kept = createKeptValues(1024 * 1024, () => nowMs);
  const question = kept.of<string>('json', SET, ['a']);
  // Questions may be of the past, and the log of a partition may be ahead of this server's clock.
  const instants = [1, NOON, NOON + 1_000 * HOUR_MS];
  for (const asOfMs of instants) keepOf(question)(`${asOfMs}`, RECORD, since(asOfMs), made('one'));
  const found = () => instants.map((asOfMs) => question.find(`${asOfMs}`, RECORD, at(asOfMs))?.made);
  nowMs += HOUR_MS - 1;
  kept.letGoOfOld();
  expect(found()).toEqual(['one', 'one', 'one']);
  nowMs += 1;
  kept.letGoOfOld();
  expect(found()).toEqual([undefined, undefined, undefined]);
});

test('what is kept is bounded in bytes, those of keys of users among them: what was used least recently goes first', () => {
  const question = createKeptValues(20_000).of<string>('json', SET, ['a']);
  const users = Array.from({ length: 30 }, (_, i) => `user-${i}`);
  for (const user of users) {
    keepOf(question)(user, RECORD, since(NOON), made('x'.repeat(1_000)));
    question.find('user-0', RECORD, at(NOON));
  }
  const left = () => users.filter((user) => question.find(user, RECORD, at(NOON)) !== undefined);
  expect(left()).toEqual(['user-0', ...users.slice(-8)]);
  for (let i = 0; i < 9; i++) keepOf(question)(`${i}`.repeat(256), RECORD, since(NOON), made('x'.repeat(1_000)));
  expect([left(), question.find('0'.repeat(256), RECORD, at(NOON))]).toEqual([[], undefined]);
});

test('nothing is made of values where nothing may be kept', () => {
  const none = createKeptValues(0).of<string>('json', SET, ['a']);
  let calls = 0;
  keepOf(none)('ada', RECORD, since(NOON), () => ({ made: 'of ada', bytes: calls++ }));
  expect([none.find('ada', RECORD, at(NOON)), calls]).toEqual([undefined, 0]);
});

test('law 1: the copy of a record is given for one of its length and mark alone, and has that of the last record with its bytes', () => {
  const question = createKeptValues(1024 * 1024).of<string>('json', SET, ['a']);
  const bytes = RECORD.length;
  const given = (mark: string | undefined, length = bytes) => question.recordOf('ada', { bytes: length, mark }) !== undefined;
  expect([question.bytesOf('ada'), given('m')]).toEqual([0, false]);
  keepOf(question)('ada', RECORD, { ...since(NOON), mark: 'm' }, made('one'));
  expect([question.bytesOf('ada'), question.recordOf('ada', { bytes, mark: 'm' })?.equals(RECORD)]).toEqual([bytes, true]);
  expect([given('n'), given(undefined), given('m', bytes + 1)]).toEqual([false, false, false]);
  // Read again, behind a record that was rewritten to others' bytes.
  question.find('ada', Buffer.from('other...'), at(NOON), 'n');
  expect([given('m'), given('n')]).toEqual([true, false]);
  question.find('ada', Buffer.from(RECORD), at(NOON), 'n');
  expect([given('m'), given('n')]).toEqual([false, true]);
  question.find('ada', Buffer.from(RECORD), at(NOON), undefined);
  expect([given('n'), given(undefined)]).toEqual([false, false]);
});
