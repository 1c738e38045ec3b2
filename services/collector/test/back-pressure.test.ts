import { once } from 'node:events';
import { connect } from 'node:net';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { startStopwatch } from '@tributary/testkit/stopwatch';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createGate } from '../src/bodies/gate.ts';
import { BASIC, type StartedCollector, type StartOptions, startCollector } from './start-collector.ts';

let collector: StartedCollector;
afterEach(() => collector?.stop());

/** A collector whose log writes nothing until it is released. */
async function stuck(options: StartOptions) {
  const opened = Promise.withResolvers<void>();
  collector = await startCollector({ ...options, log: createMemoryLog({ partitions: 4, turn: () => opened.promise }) });
  return opened.resolve;
}

const batch = (name: string, count: number, bytes: number) =>
  Array.from({ length: count }, (_, i) => ({ type: 't', userId: 'u', id: `${name}-${i}`, properties: { x: 'x'.repeat(bytes) } }));

describe('a log that stands still', () => {
  test('memory is bounded: what passes it gets 429 with Retry-After, the rest is written', async () => {
    // One key alone gets half of the room.
    const maxBytes = 1_000_000;
    const release = await stuck({ gate: { maxBytes: 2 * maxBytes } });
    let highest = 0;
    const watch = setInterval(() => (highest = Math.max(highest, collector.gate.bytes)), 1);
    const posts = Array.from({ length: 30 }, (_, i) => collector.post('/v1/events', batch(`r${i}`, 10, 9_000)));
    await expect.poll(() => collector.gate.events).toBeGreaterThanOrEqual(40);
    const early = await Promise.race([Promise.any(posts), new Promise((resolve) => setTimeout(resolve, 300))]);
    release();
    const answers = await Promise.all(posts);
    clearInterval(watch);
    expect(early).toMatchObject({ status: 429 });
    expect(highest).toBeLessThanOrEqual(maxBytes);
    expect(highest).toBeGreaterThan(maxBytes / 2);
    const taken = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(taken.length + refused.length).toBe(30);
    expect(taken.length).toBeGreaterThan(3);
    for (const { headers, body } of refused) {
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(body).toMatchObject({ code: 'overloaded', fix: expect.any(String) });
    }
    expect(await collector.events()).toHaveLength(taken.length * 10);
    expect([collector.gate.bytes, collector.gate.events]).toEqual([0, 0]);
  });

  test('events are bounded too', async () => {
    const release = await stuck({ gate: { maxEvents: 5 } });
    const first = collector.post('/v1/events', batch('a', 5, 1));
    await expect.poll(() => collector.gate.events).toBe(5);
    expect((await collector.post('/v1/events', batch('b', 1, 1))).status).toBe(429);
    release();
    expect((await first).status).toBe(200);
    expect((await collector.post('/v1/events', batch('b', 1, 1))).status).toBe(200);
  });
});

test('a full queue of the log is 429, not 503: the same request will soon be taken', async () => {
  const log = createMemoryLog({ partitions: 4 });
  const { TributaryError } = await import('@tributary/model/errors');
  let full = true;
  collector = await startCollector({
    log: { ...log, append: (p, r) => (full ? Promise.reject(new TributaryError('overloaded', 'full')) : log.append(p, r)) },
  });
  expect((await collector.post('/v1/events', batch('a', 3, 1))).status).toBe(429);
  full = false;
  expect((await collector.post('/v1/events', batch('a', 3, 1))).status).toBe(200);
});

test('a client that drips its body is charged for what it sent, and cut off when its time is over', async () => {
  collector = await startCollector({ requestTimeoutMs: 1_000 });
  const socket = connect(Number(new URL(collector.url).port), '127.0.0.1');
  const closed = new Promise<number>((resolve) => socket.on('close', () => resolve(performance.now())));
  socket.on('error', () => {});
  socket.write(`POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${BASIC}\r\nContent-Length: 5000000\r\n\r\n`);
  const startMs = performance.now();
  const drip = setInterval(() => socket.write('x'), 20);
  await expect.poll(() => collector.gate.bytes).toBeGreaterThan(0);
  expect(collector.gate.bytes).toBeLessThan(100_000);
  expect((await closed) - startMs).toBeLessThan(10_000);
  clearInterval(drip);
  await expect.poll(() => collector.gate.bytes).toBe(0);
  expect((await collector.post('/v1/events', { type: 't', userId: 'u' })).status).toBe(200);
});

test('stopping answers what was taken: no acknowledged event is lost, no request hangs', async () => {
  const release = await stuck({});
  const taken = collector.post('/v1/events', batch('a', 3, 1));
  await expect.poll(() => collector.gate.events).toBe(3);
  collector.setDraining(true);
  const closing = collector.server.close();
  setTimeout(release, 50);
  expect((await taken).status).toBe(200);
  const watch = startStopwatch();
  await closing;
  expect(watch.stop()).toBeLessThan(1_000);
  expect(await collector.events()).toHaveLength(3);
});

test('the gate never passes its bounds, gives all back, and of one owner several requests hold no more than is free', () => {
  const steps = fc.array(fc.tuple(fc.nat(5), fc.option(fc.tuple(fc.nat(40), fc.nat(4)), { nil: undefined })), {
    minLength: 10,
    maxLength: 100,
  });
  let grown = 0;
  fc.assert(
    fc.property(steps, (taken) => {
      const gate = createGate({ maxBytes: 100, maxEvents: 10 });
      const leases = Array.from({ length: 6 }, (_, i) => ({ owner: i % 3, lease: gate.lease(i % 3), bytes: 0, events: 0 }));
      for (const [which, amount] of taken) {
        const held = leases[which] as (typeof leases)[number];
        const [bytes, events] = amount ?? [0, 0];
        if (amount === undefined) held.lease.release();
        const grows = bytes > held.bytes;
        const isHeld = amount === undefined || held.lease.hold(bytes, events);
        if (isHeld) Object.assign(held, { bytes, events });
        expect(gate.bytes).toBe(leases.reduce((sum, one) => sum + one.bytes, 0));
        expect(gate.events).toBe(leases.reduce((sum, one) => sum + one.events, 0));
        expect(gate.bytes <= 100 && gate.events <= 10).toBe(true);
        const own = leases.filter((one) => one.owner === held.owner && one.bytes + one.events > 0);
        if (!isHeld || !grows || own.length < 2) continue;
        grown++;
        expect(own.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(100 - gate.bytes);
      }
      for (const { lease } of leases) lease.release();
      expect([gate.bytes, gate.events]).toEqual([0, 0]);
    }),
  );
  expect(grown).toBeGreaterThan(20);
});

test('law 7: connections are bounded, those beyond are closed at once, and a header that never ends is cut off', async () => {
  collector = await startCollector({ maxConnections: 3, requestTimeoutMs: 1_000 });
  const { hostname, port } = new URL(collector.url);
  const open = async () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}).resume();
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    return { socket, closed };
  };
  const first = await Promise.all([open(), open(), open()]);
  try {
    await (await open()).closed;
    expect(first.map(({ socket }) => socket.closed)).toEqual([false, false, false]);
    // Node ends a whole request as well, 30 s by default: a header has no longer than ten.
    expect(collector.server.server.headersTimeout, 'ms').toBe(1_000);
    for (const { socket } of first) socket.write('POST /v1/events HTTP/1.1\r\nHost: x\r\n');
    await Promise.all(first.map(({ closed }) => closed));
    expect((await fetch(`${collector.url}/livez`)).status).toBe(200);
  } finally {
    for (const { socket } of first) socket.destroy();
  }
});
