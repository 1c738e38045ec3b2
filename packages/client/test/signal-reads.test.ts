/** Reads of single users that are made together are one query, within its bounds. */
import { expect, test } from 'vitest';
import { createClient } from '../src/client.ts';
import { fakeApi, json, problem, type Sent } from './fake-api.ts';

interface Query {
  readonly users: readonly string[];
  readonly limit?: number;
}
const META = { complete: true, warnings: [] };

function queryOf({ body }: Sent): Query {
  return body as Query;
}

function answered(sent: Sent): Response {
  return json({
    results: queryOf(sent).users.map((userId) => ({ userId, status: 'PRESENT', signals: [], hasMore: false })),
    meta: META,
  });
}

function clientOf(answer: (sent: Sent) => Response, maxWaiting = 10_000) {
  const api = fakeApi(answer);
  return { sent: api.sent, client: createClient({ ...api.options, maxWaiting }, api.timing) };
}

test('reads of one turn of the event loop are one query by choice; each gets its user and the meta', async () => {
  const { client, sent } = clientOf(answered);
  const reads = await Promise.all([
    client.signals('ada'),
    Promise.resolve().then(() => client.signals('eve')),
    client.signals('ada'),
    client.signals('bob', { limit: 5 }),
  ]);
  expect(reads.map(({ userId, meta }) => [userId, meta])).toEqual(['ada', 'eve', 'ada', 'bob'].map((user) => [user, META]));
  expect(sent.map(queryOf)).toEqual([{ users: ['ada', 'eve'] }, { limit: 5, users: ['bob'] }]);
  await client.signals('ada');
  expect(sent.length).toBe(3);
});

test('a query has at most 1 000 users, and users times signals at most 20 000', async () => {
  const { client, sent } = clientOf(answered);
  const users = Array.from({ length: 2_500 }, (_, i) => `u${i}`);
  await Promise.all(users.map((user) => client.signals(user)));
  expect(sent.map((one) => queryOf(one).users.length)).toEqual([1_000, 1_000, 500]);
  sent.length = 0;
  await Promise.all(users.slice(0, 50).map((user) => client.signals(user, { limit: 1_000 })));
  expect(sent.map((one) => queryOf(one).users.length)).toEqual([20, 20, 10]);
});

test('users who are the reason of a refusal fail alone', async () => {
  const { client, sent } = clientOf((one) =>
    queryOf(one).users.includes('bad\n') ? problem(400, 'invalid_query', {}, 'users.3 must be plain (got "bad")') : answered(one),
  );
  const users = ['a', 'b', 'c', 'bad\n', 'd', 'e', 'f', 'g'];
  const reads = await Promise.allSettled(users.map((user) => client.signals(user)));
  expect(reads.map(({ status }) => status)).toEqual(users.map((user) => (user === 'bad\n' ? 'rejected' : 'fulfilled')));
  expect(sent.length).toBe(7);
});

test('a refusal that is not about single users fails all of them, and is asked once', async () => {
  const { client, sent } = clientOf(() => problem(403, 'forbidden'));
  const reads = await Promise.allSettled(['a', 'b', 'c'].map((user) => client.signals(user)));
  expect(reads.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(sent.length).toBe(1);
});

test('reads that wait are bounded, also while their query is under way', async () => {
  const { client } = clientOf(answered, 3);
  const reads = ['a', 'b', 'c'].map((user) => client.signals(user));
  await expect(client.signals('d')).rejects.toMatchObject({ code: 'too_many_waiting' });
  await Promise.all(reads);
  expect((await client.signals('d')).userId).toBe('d');
});
