/** Bodies are used again: no reader, however slow, may see the bytes of another's answer. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { expect, test } from 'vitest';
import { createBodyPool } from '../src/http/body-pool.ts';
import { createWorld, event, READ } from './world.ts';

const ROUTES = {
  '/v1/signals/query': (users: readonly string[]) => ({ users, limit: 30 }),
  '/v1/signals/values': (users: readonly string[]) => ({ users, signals: ['visits'], budgetMs: 500 }),
};
/** Once in each answer, behind what it says of users. */
const END = '"warnings":[';
const DEFINITIONS = JSON.stringify({ signals: { visits: { type: 'visit', fields: ['page'], keep: { count: 30, age: '1d' } } } });

test.each(Object.entries(ROUTES))(
  '%s: slow, pipelining and vanishing readers each get their own users, whole',
  async (path, bodyOf) => {
    const world = await createWorld({ definitions: readDefinitions(DEFINITIONS, sha256Hex) });
    const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);
    for (const userId of users)
      for (let i = 0; i < 30; i++)
        await world.ingest(event({ type: 'visit', userId, id: `${userId}-${i}`, page: userId.padEnd(2_000, '.') }));
    await world.tick();
    const url = new URL(await world.app.listen({ host: '127.0.0.1', port: 0 }));
    const asked = (from: number) => users.slice(from, from + 25);
    const requestOf = (from: number) => {
      const body = JSON.stringify(bodyOf(asked(from)));
      return `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${READ}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    };
    /** Sends `requests` at once, reads slowly, and returns the bodies; null: leaves in the middle. */
    const read = (requests: readonly number[], leaves: boolean) =>
      new Promise<string | null>((resolve, reject) => {
        const socket = connect({ host: url.hostname, port: Number(url.port) });
        const chunks: string[] = [];
        let length = 0;
        let ended = 0;
        /** The end of the text so far, which may be the first part of an END. */
        let tail = '';
        socket.write(requests.map(requestOf).join(''));
        socket.on('error', reject);
        socket.on('data', async (chunk) => {
          const text = chunk.toString('latin1');
          socket.pause();
          chunks.push(text);
          length += text.length;
          // Only what is new: to look through all megabytes with each chunk took most of this test.
          ended += (tail + text).split(END).length - 1;
          tail = (tail + text).slice(1 - END.length);
          await sleep(2);
          if (leaves && length > 50_000) {
            socket.destroy();
            resolve(null);
          } else if (length > 1_000_000 * requests.length && ended === requests.length) {
            socket.destroy();
            resolve(chunks.join(''));
          } else socket.resume();
        });
      });
    try {
      const readers = Array.from({ length: 12 }, (_, r) => ({
        from: [(r * 7) % 15, (r * 11) % 15, (r * 13) % 15],
        leaves: r % 4 === 3,
      }));
      await Promise.all(
        readers.map(async ({ from, leaves }) => {
          const text = await read(from, leaves);
          if (leaves) return expect(text).toBeNull();
          const bodies = (text as string).split('HTTP/1.1 200 OK').slice(1);
          const seen = bodies.map((body) =>
            [...body.matchAll(/"userId":"([^"]+)","status":"PRESENT"/g)].map((match) => match[1]),
          );
          expect(seen).toEqual(from.map(asked));
          for (const [i, body] of bodies.entries()) {
            const pages = [...body.matchAll(/"page":"(user-\d+)\.+"/g)];
            expect(pages.map((match) => match[1])).toEqual(
              asked(from[i] as number).flatMap((user) => Array<string>(30).fill(user)),
            );
          }
        }),
      );
    } finally {
      await world.app.close();
    }
  },
);

test('a body is given to one at a time, and small or huge ones are not kept', () => {
  const pool = createBodyPool();
  const first = pool.take(100_000);
  expect(pool.take(100_000)).not.toBe(first);
  pool.give(first);
  expect(pool.take(90_000)).toBe(first);
  expect(pool.take(90_000)).not.toBe(first);
  for (const bytes of [1_000, 5_000_000]) {
    const body = pool.take(bytes);
    pool.give(body);
    expect(pool.take(bytes).buffer === body.buffer && bytes > 10_000).toBe(false);
  }
});
