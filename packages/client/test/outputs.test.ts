/** Lines of the stream over connections that break: each once, and refusals that stay refusals. */
import { afterEach, expect, test, vi } from 'vitest';
import { createClient, type OutputEvent } from '../src/client.ts';
import { fakeApi, problem } from './fake-api.ts';

const said = (id: string, n: number) => `id: ${id}\nevent: segment.entered\ndata: {"userKey":"ana","n":${n}}\n\n`;
const stream = (...chunks: string[]) =>
  new Response(new Blob(chunks).stream(), { headers: { 'content-type': 'text/event-stream' } });

afterEach(() => {
  vi.useRealTimers();
});

function clientOf(answers: readonly (Response | Error)[]) {
  const heads: Headers[] = [];
  const api = fakeApi((_, index) => answers[index] ?? problem(403, 'forbidden'));
  const given = api.options.fetch;
  const fetcher = ((url: string, init: RequestInit) => {
    heads.push(new Headers(init.headers));
    return given(url, init);
  }) as typeof fetch;
  return { ...api, heads, client: createClient({ ...api.options, fetch: fetcher }, api.timing) };
}

async function all(events: AsyncGenerator<OutputEvent>): Promise<{ got: OutputEvent[]; failed: unknown }> {
  const got: OutputEvent[] = [];
  try {
    for await (const event of events) got.push(event);
  } catch (failed) {
    return { got, failed };
  }
  return { got, failed: undefined };
}

test('a connection that breaks is made again behind the last event, also behind one without data', async () => {
  const { client, heads, sent, pauses } = clientOf([
    stream(
      'retry: 2000\n\n',
      'id: a\nevent: stream\ndata: {"outputs":true}\n\n',
      said('b', 1).slice(0, 20),
      said('b', 1).slice(20),
    ),
    new Error('the connection broke'),
    stream('id: b\nevent: stream\ndata: {"outputs":true}\n\n', said('c', 2), ': listening\nid: d\n\n'),
    stream('id: d\nevent: gap\ndata: {"partitions":[0]}\n\n', 'event: end\ndata: {"reason":"closing"}\n\n'),
  ]);
  const { got, failed } = await all(client.outputs({ kinds: ['segment.entered', 'segment.left'], segments: ['x', 'y'] }));
  expect(got.map(({ id, type, data }) => [id, type, data['n']])).toEqual([
    ['b', 'segment.entered', 1],
    ['c', 'segment.entered', 2],
    ['d', 'gap', undefined],
  ]);
  expect(failed).toMatchObject({ status: 403 });
  expect(heads.map((head) => head.get('last-event-id'))).toEqual([null, 'b', 'b', 'd', 'd']);
  expect(heads.every((head) => head.get('accept') === 'text/event-stream')).toBe(true);
  expect(sent[0]?.url).toBe('http://api.test/v1/stream?kinds=segment.entered%2Csegment.left&segments=x&segments=y');
  expect(pauses).toEqual([750, 1500, 750, 750]);
});

test('without a choice it is all but arrivals, from the id that is given; the caller ends it', async () => {
  const ending = new AbortController();
  const { client, sent, heads } = clientOf([stream('event: arrivals\ndata: {"total":1}\n\n', said('z', 7))]);
  const events = client.outputs({ after: 'y' }, { signal: ending.signal });
  expect((await events.next()).value).toMatchObject({ id: 'z', type: 'segment.entered' });
  ending.abort(new Error('enough'));
  await expect(events.next()).rejects.toThrow('enough');
  // An API of an earlier version refuses kinds that it does not know, and one of a later version has more.
  expect([heads[0]?.get('last-event-id'), sent[0]?.url]).toEqual(['y', 'http://api.test/v1/stream']);
});

test('moments of arrivals come where they are chosen', async () => {
  const { client } = clientOf([stream('event: arrivals\ndata: {"total":1}\n\n', said('z', 7))]);
  const { got } = await all(client.outputs({ kinds: ['arrivals', 'segment.entered'] }));
  expect(got.map(({ type }) => type)).toEqual(['arrivals', 'segment.entered']);
});

test('places without a line come where they are asked for: at the beginning, and each time the stream says where it stands', async () => {
  const { client } = clientOf([
    stream('id: a\nevent: stream\ndata: {"outputs":true}\n\n', said('b', 1), ': listening\nid: c\n\n', ': listening\n\n'),
  ]);
  const { got } = await all(client.outputs({ places: true }));
  expect(got.map(({ id, type }) => [id, type])).toEqual([
    ['a', 'place'],
    ['b', 'segment.entered'],
    ['c', 'place'],
  ]);
});

test('law 7: a connection that is taken and never answered is made again, as one that is silent is', async () => {
  vi.useFakeTimers();
  let asked = 0;
  const never = (_: unknown, { signal }: { readonly signal: AbortSignal }) =>
    new Promise((_resolve, reject) => {
      asked += 1;
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  const { options, timing } = fakeApi(() => problem(500, 'never'));
  const ending = new AbortController();
  const client = createClient({ ...options, fetch: never as unknown as typeof fetch }, timing);
  const ended = expect(client.outputs({}, { signal: ending.signal }).next()).rejects.toThrow('enough');
  await vi.advanceTimersByTimeAsync(100_000);
  expect(asked).toBe(3);
  ending.abort(new Error('enough'));
  await ended;
});

test('a refusal of the id is not asked again', async () => {
  const { client, sent } = clientOf([problem(400, 'invalid_query')]);
  const { got, failed } = await all(client.outputs({ after: 'x' }));
  expect([got, sent.length]).toEqual([[], 1]);
  expect(failed).toMatchObject({ code: 'invalid_query' });
});
