/** What comes in just now, to all who listen: made once, bounded, and at no cost without a listener. */
import { StreamAnswer } from '@tributary/contract/groups/stream';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStreamHub, LINGER_MS, type Listener, MOST_WAITING_BYTES } from '../src/stream/hub.ts';
import { createWorld, event, NOON, READ, type World } from './world.ts';

describe('the hub', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function listener(of: Partial<Listener> = {}) {
    const heard: string[] = [];
    const one = {
      owner: 'tr_a',
      write: (text: string) => void heard.push(text),
      waiting: () => 0,
      isAllowed: () => true,
      end: () => void heard.push('end'),
      cut: () => void heard.push('cut'),
      ...of,
    };
    return { one, heard };
  }
  const moments = (heard: readonly string[]) => heard.filter((text) => text.startsWith('event: arrivals'));

  test('makes a moment each second for all together, and none without a listener', async () => {
    let made = 0;
    const hub = createStreamHub({ make: async () => `${++made}` });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(made).toBe(0);
    const all = Array.from({ length: 20 }, () => listener());
    const leaves = all.map(({ one }) => hub.join(one));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(made).toBe(6);
    for (const { heard } of all) expect(moments(heard)).toHaveLength(6);
    expect(moments(all[0]?.heard ?? []).at(-1)).toBe('event: arrivals\ndata: 6\n\n');
    for (const member of leaves) member?.leave();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([made, hub.listeners, vi.getTimerCount()]).toEqual([6, 0, 0]);
  });

  test('law 7: a moment that cannot be made is left out, and the next second tries again; a slow one is not asked for twice at a time', async () => {
    let fails = true;
    let underWay = 0;
    let most = 0;
    const make = async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      underWay--;
      if (fails) throw new Error('the store is down');
      return '{}';
    };
    const hub = createStreamHub({ make });
    const { one, heard } = listener();
    hub.join(one);
    await vi.advanceTimersByTimeAsync(4_000);
    expect([moments(heard), heard.filter((text) => text.startsWith(': ')).length]).toEqual([[], 1]);
    fails = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect([moments(heard).length > 0, most]).toEqual([true, 1]);
  });

  test('a key alone gets half of the places, and those that left make room', () => {
    const hub = createStreamHub({ make: async () => '{}', most: 8 });
    const own = Array.from({ length: 5 }, () => hub.join(listener().one));
    expect(own.map((member) => member !== null)).toEqual([true, true, true, true, false]);
    const other = hub.join(listener({ owner: 'tr_b' }).one);
    expect(other).not.toBeNull();
    other?.leave();
    own[0]?.leave();
    own[0]?.leave();
    expect([hub.join(listener().one) !== null, hub.listeners]).toEqual([true, 4]);
  });

  test('law 7: one that does not read is cut off with the reason, one whose key may not read any more is ended, and others go on', async () => {
    let isAllowed = true;
    const hub = createStreamHub({ make: async () => '{}' });
    const slow = listener({ waiting: () => MOST_WAITING_BYTES + 1 });
    const revoked = listener({ owner: 'tr_b', isAllowed: () => isAllowed });
    const other = listener({ owner: 'tr_c' });
    for (const { one } of [slow, revoked, other]) hub.join(one);
    await vi.advanceTimersByTimeAsync(1_000);
    isAllowed = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect([slow.heard.at(-1), moments(slow.heard)]).toEqual(['end', []]);
    expect(slow.heard.at(-2)).toMatch(/^event: end\ndata: \{"reason":"slow","detail":"1048576 bytes waited/);
    expect(revoked.heard.at(-2)).toContain('"reason":"key"');
    expect([revoked.heard.at(-1), moments(revoked.heard).length > 0]).toEqual(['end', true]);
    expect(moments(other.heard).length).toBeGreaterThan(moments(revoked.heard).length);
    hub.close();
    expect([other.heard.at(-1), hub.listeners, hub.join(listener().one)]).toEqual(['end', 0, null]);
    expect(other.heard.at(-2)).toContain('"reason":"closing"');
    await vi.advanceTimersByTimeAsync(LINGER_MS);
    expect([slow, revoked, other].map(({ heard }) => heard.at(-1))).toEqual(['cut', 'cut', 'cut']);
  });
});

test('one that listens to outputs alone is asked for no moment, and hears that the connection is alive', async () => {
  vi.useFakeTimers();
  let made = 0;
  const hub = createStreamHub({ make: async () => `${++made}` });
  const heard: string[] = [];
  const write = (text: string) => void heard.push(text);
  const one = { owner: 'tr_a', write, waiting: () => 0, isAllowed: () => true, end: () => {}, cut: () => {} };
  const member = hub.join(one, { arrivals: false });
  await vi.advanceTimersByTimeAsync(15_000);
  if (member !== null) member.beat = () => ': listening\nid: 7\n\n';
  await vi.advanceTimersByTimeAsync(15_000);
  expect([made, heard]).toEqual([0, ['retry: 2000\n\n', ': listening\n\n', ': listening\nid: 7\n\n']]);
  hub.close();
  vi.useRealTimers();
});

describe('the route', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
    const day = 86_400_000;
    for (const [type, ts] of [
      ['page', NOON],
      ['page', NOON - day],
      ['page', NOON - 3 * day],
      ['purchase', NOON],
      ['<b>', NOON],
    ] as const)
      await world.ingest(event({ type, ts }));
    await world.tick();
  });
  afterEach(() => world.app.close());

  const EVENTS = { accept: 'text/event-stream' };

  async function listen(url: string, headers: Record<string, string>) {
    const response = await fetch(`${url}/v1/stream`, { headers: { ...EVENTS, ...headers } });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    return {
      response,
      /** Reads until that many moments have come. */
      async moments(many: number): Promise<unknown[]> {
        for (;;) {
          const found = [...text.matchAll(/event: arrivals\ndata: (.*)\n\n/g)].map(([, json]) => JSON.parse(json ?? ''));
          if (found.length >= many) return found;
          const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
          if (done) throw new Error(`ended after ${text}`);
          text += value;
        }
      },
      async ended(): Promise<void> {
        for (;;) if ((await reader?.read())?.done !== false) return;
      },
      leave: () => reader?.cancel(),
    };
  }

  test("law 1: a moment has the oracle's counts of yesterday and today, by type", async () => {
    const { status, body } = await world.get('/v1/stream');
    expect(status).toBe(200);
    expect(StreamAnswer.parse(body)).toEqual(body);
    const counts = new Map<string, number>();
    for (const [key, [events = 0]] of naive(world.log, world.definitions).get('activity') ?? []) {
      const [day = '', type = ''] = key.split('\t');
      if (day >= '2026-11-19') counts.set(type, (counts.get(type) ?? 0) + Number(events));
    }
    expect(new Map(body.types.map((one: { type: string; events: number }) => [one.type, one.events]))).toEqual(counts);
    expect(body.partitions).toHaveLength(world.deps.partitions);
  });

  test('each second one comes, with what came in meanwhile, and the process ends though somebody listens', async () => {
    const url = await world.app.listen({ host: '127.0.0.1', port: 0 });
    const stream = await listen(url, { authorization: READ });
    const { headers } = stream.response;
    expect(
      ['content-type', 'cache-control', 'x-accel-buffering', 'x-content-type-options'].map((name) => headers.get(name)),
    ).toEqual(['text/event-stream; charset=utf-8', 'no-store, no-transform', 'no', 'nosniff']);
    const [first] = (await stream.moments(1)) as { types: object[] }[];
    await world.ingest(event({ type: 'page' }));
    await world.tick();
    const later = (await stream.moments(3)) as { types: { type: string; events: number }[] }[];
    expect(first?.types).toContainEqual({ type: 'page', events: 2 });
    expect(later.at(-1)?.types).toContainEqual({ type: 'page', events: 3 });
    await Promise.all([world.app.close(), stream.ended()]);
  });

  test('needs a key that reads, and ends within seconds when its session does', async () => {
    const url = await world.app.listen({ host: '127.0.0.1', port: 0 });
    for (const [authorization, status] of [
      ['Bearer tr_other_x', 401],
      ['Bearer tw_writer_x', 403],
    ] as const)
      expect((await fetch(`${url}/v1/stream`, { headers: { ...EVENTS, authorization } })).status).toBe(status);
    const own = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };
    const body = JSON.stringify({ key: 'tr_reader_x' });
    const opened = await fetch(`${url}/ui/session`, { method: 'POST', headers: own, body });
    const cookie = String(opened.headers.get('set-cookie')).split(';')[0] ?? '';
    const stream = await listen(url, { 'sec-fetch-site': 'same-origin', cookie });
    await stream.moments(2);
    await fetch(`${url}/ui/session`, { method: 'DELETE', headers: { 'sec-fetch-site': 'same-origin', cookie } });
    await stream.ended();
  });

  test('a listener that leaves is forgotten, and what it held in flight is free', async () => {
    await world.app.close();
    world = await createWorld({ limits: { maxInFlight: 4 } });
    await world.tick();
    const url = await world.app.listen({ host: '127.0.0.1', port: 0 });
    for (let i = 0; i < 6; i++) {
      const stream = await listen(url, { authorization: READ });
      await stream.moments(1);
      await stream.leave();
    }
    await expect.poll(async () => (await world.get('/v1/models')).status).toBe(200);
  });
});
