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

test('a field that is wrong or unknown fails its own read: it does not join a query that lacks it', async () => {
  const { client, sent } = clientOf(answered);
  const misspelt = { nmes: ['page'] } as object;
  await Promise.all([
    client.signals('ada'),
    client.signals('eve', misspelt),
    client.signals('bob', { from: new Date('x') }),
    client.signals('cid', { limit: 5, names: undefined }),
    client.signals('dan', { names: undefined, limit: 5 }),
  ]);
  expect(sent.map(({ body }) => body)).toEqual([
    { users: ['ada'] },
    { nmes: ['page'], users: ['eve'] },
    { from: null, users: ['bob'] },
    { limit: 5, users: ['cid', 'dan'] },
  ]);
});

test('a read asks for what its choice was when it was made, also where the caller changes that object afterwards', async () => {
  const { client, sent } = clientOf(answered);
  const choice = { limit: 1, names: ['page'] };
  const first = client.signals('ada', choice);
  choice.limit = 4;
  choice.names.push('ad_click');
  await Promise.all([first, client.signals('eve', choice)]);
  expect(sent.map(({ body }) => body)).toEqual([
    { limit: 1, names: ['page'], users: ['ada'] },
    { limit: 4, names: ['page', 'ad_click'], users: ['eve'] },
  ]);
});

/** An API whose answers the test gives; what it was sent, and whether that was aborted. */
function heldApi(settings: { readonly timeoutMs?: number } = {}) {
  const held: { readonly users: readonly string[]; readonly signal: AbortSignal; answer: (response: Response) => void }[] = [];
  const fetcher = (_url: string, { body, signal }: { readonly body: string; readonly signal: AbortSignal }) =>
    new Promise<Response>((resolve, reject) => {
      held.push({ users: (JSON.parse(body) as Query).users, signal, answer: resolve });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  const client = createClient({ url: 'http://api.test', key: 'k', fetch: fetcher as unknown as typeof fetch, ...settings });
  return { client, held };
}

test('a read that its caller aborts ends at once; its query goes on for the others, and ends with its last reader', async () => {
  const { client, held } = heldApi();
  const [ada, eve] = [new AbortController(), new AbortController()];
  const reads = [client.signals('ada', {}, ada), client.signals('eve', {}, eve), client.signals('ada', {}, eve)];
  await expect.poll(() => held.length).toBe(1);
  ada.abort(new Error('ada left'));
  await expect(reads[0]).rejects.toThrow('ada left');
  expect(held[0]?.signal.aborted).toBe(false);
  eve.abort(new Error('eve left'));
  await expect(reads[1]).rejects.toThrow('eve left');
  await expect(reads[2]).rejects.toThrow('eve left');
  expect(held[0]?.signal.aborted).toBe(true);
  await expect(client.signals('ada', {}, ada)).rejects.toThrow('ada left');

  const early = new AbortController();
  const unsent = client.signals('bob', {}, early);
  early.abort(new Error('early'));
  await expect(unsent).rejects.toThrow('early');
  const next = client.signals('cid');
  await expect.poll(() => held.length).toBe(2);
  held[1]?.answer(answered({ method: 'POST', url: '', body: { users: ['bob', 'cid'] } }));
  expect((await next).userId).toBe('cid');
  expect(held.map(({ users }) => users)).toEqual([
    ['ada', 'eve'],
    ['bob', 'cid'],
  ]);
});

test('the halves of a query share its time', async () => {
  const { client, held } = heldApi({ timeoutMs: 600 });
  const startedMs = performance.now();
  const reads = Promise.allSettled(['a', 'b', 'c', 'd'].map((user) => client.signals(user)));
  await expect.poll(() => held.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 75));
  held[0]?.answer(problem(400, 'invalid_query', {}, 'users.3 must be plain'));
  for (const read of await reads) expect(read).toMatchObject({ reason: { code: 'timed_out' } });
  expect(held.map(({ users }) => users.length)).toEqual([4, 2]);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
