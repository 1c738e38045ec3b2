/** Cursors are bound to their question by a checksum that anyone can compute: what is in one is checked as well. */
import { crc32 } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { ADMIN, createWorld, event, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.ingest(event({ type: 'purchase' }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
});

function forged(question: readonly unknown[], payload: string): string {
  const sum = crc32(`${JSON.stringify(question)}\n${payload}`)
    .toString(16)
    .padStart(8, '0');
  return Buffer.from(`${sum}${payload}`).toString('base64url');
}

test.each([
  ['/v1/conversion-list', ['conversion-list', null, null, null, null], '[1,1,"a","u"]'],
  ['/v1/dead-letters', ['dead-letters'], '["0-1-0"]'],
  ['/v1/users/u1/signals', ['signals', 'u1', null, null, null], '[1,"a"]'],
  ['/v1/generations', ['generations'], '[1]'],
  ['/v1/reconciliations', ['reconciliations'], '[1]'],
])('a cursor of %s that holds something else is refused, and the API does not fail', async (route, question, right) => {
  const ask = (payload: string) => world.get(`${route}?cursor=${forged(question, payload)}`, ADMIN);
  expect((await ask(right)).status).toBe(200);
  for (const wrong of ['[', 'null', '{}', '[]', '[{"a":1},{"a":1}]', '[1.5,1.5,1.5]', '[1e99,1e99]', '[null,null,null,null]'])
    expect(await ask(wrong), wrong).toMatchObject({ status: 400, body: { code: 'invalid_query' } });
});
