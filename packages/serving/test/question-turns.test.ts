/** Who waits for the groups of users, and for how long: no key behind all questions of another, none for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ERRORS } from '@tributary/model/errors';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import { expect, test } from 'vitest';
import { createQuestionTurns } from '../src/question-turns.ts';

const MINUTE = 60_000;

/** A question that begins when it may, and ends when it is let go. */
function createQuestions(limits: Parameters<typeof createQuestionTurns>[0] = { timeoutMs: MINUTE, mostQuestions: 32 }) {
  const turns = createQuestionTurns(limits);
  const begun: string[] = [];
  const ask = (name: string, key: string, isGone = () => false) => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const asker: Asker = { key, isGone };
    const answered = turns.take(asker, async (goOn) => {
      begun.push(name);
      await held;
      await goOn();
    });
    return { answered, letGo };
  };
  return { begun, ask };
}

test('law 7: keys take turns: one question waits for one of another key, not for all of them', async () => {
  const { begun, ask } = createQuestions();
  const greedy = Array.from({ length: 16 }, (_, i) => ask(`a ${i}`, 'a'));
  const other = ask('b', 'b');
  for (const { letGo } of [...greedy, other]) letGo();
  await Promise.all([...greedy, other].map(({ answered }) => answered));
  expect(begun).toEqual(['a 0', 'b', ...Array.from({ length: 15 }, (_, i) => `a ${i + 1}`)]);
});

test('law 7: one key alone has half of the places, and there is room for another', async () => {
  const { ask } = createQuestions();
  const greedy = Array.from({ length: 16 }, (_, i) => ask(`a ${i}`, 'a'));
  await expect(ask('one more', 'a').answered).rejects.toMatchObject({
    code: 'overloaded',
    status: 429,
    message: '16 questions about groups of users wait for this key already, and 16 for all keys',
  });
  const other = ask('b', 'b');
  for (const { letGo } of [...greedy, other]) letGo();
  await Promise.all([...greedy, other].map(({ answered }) => answered));
});

test('law 7: a question whose client left while it waited is not begun', async () => {
  const { begun, ask } = createQuestions();
  const clients = { hasLeft: false };
  const first = ask('first', 'a');
  const gone = ask('left', 'b', () => clients.hasLeft);
  const left = expect(gone.answered).rejects.toMatchObject({ code: 'groups_timeout' });
  const last = ask('last', 'c');
  clients.hasLeft = true;
  for (const { letGo } of [first, gone, last]) letGo();
  await Promise.all([first.answered, left, last.answered]);
  expect(begun).toEqual(['first', 'last']);
});

test('law 7: a question waits no longer than its deadline, and works no longer either: 503 with Retry-After', {
  timeout: 20_000,
}, async () => {
  const { begun, ask } = createQuestions({ timeoutMs: 100, mostQuestions: 32 });
  const slow = ask('slow', 'a');
  const works = expect(slow.answered).rejects.toThrow('took longer than 0.1 s');
  const waits = ask('waits', 'b').answered.then(null, (error) => error);
  expect(await waits).toMatchObject({ code: 'groups_timeout', status: 503 });
  expect(ERRORS.groups_timeout).toHaveProperty('retryAfterS', 5);
  expect((await waits).message).toContain('its turn did not come in 0.1 s');
  slow.letGo();
  await works;
  const next = ask('next', 'b');
  next.letGo();
  await next.answered;
  expect(begun).toEqual(['slow', 'next']);
});

test('a question that fails stops no other', async () => {
  const turns = createQuestionTurns();
  const asker: Asker = { key: 'a', isGone: () => false };
  await expect(turns.take(asker, () => Promise.reject(new Error('it fails')))).rejects.toThrow('it fails');
  await turns.take(asker, () => sleep(0).then(() => undefined));
});
