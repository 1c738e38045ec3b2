/** A mistyped event type, and one that is not served, choose nothing, and the answer says so. */

import { parseDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { expect, test } from 'vitest';
import { createWorld, event } from './world.ts';

test('a type that no event has is named, with the one that was probably meant', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'product_view' }));
  await world.tick();
  const notesOf = async (names: string[]) => {
    const one = (await world.get(`/v1/users/u1/signals?names=${names}`)).body;
    const { body } = await world.post('/v1/signals/query', { users: ['u1'], names });
    expect(body.meta).toEqual(one.meta);
    return [one.signals.length, one.meta.complete, one.meta.warnings];
  };
  expect(await notesOf(['product_view'])).toEqual([1, true, []]);
  const meant = 'no event has the type "product_veiw". Did you mean "product_view"?';
  expect(await notesOf(['product_veiw'])).toEqual([0, true, [meant]]);
  expect(await notesOf(['product_view', 'q', 'r', 's', 't', 'u'])).toEqual([
    1,
    true,
    ['no event has the type "q"', 'no event has the type "r"', 'no event has the type "s"', 'types that no event has: 2 more'],
  ]);
});

test('a type with events that the definitions do not serve is named: without a word the user seems to have none', async () => {
  const definitions = parseDefinitions('{"signals": ["page"]}', sha256Hex);
  const world = await createWorld({ definitions });
  await world.ingest(event({ id: 'a', type: 'page' }));
  await world.ingest(event({ id: 'b', type: 'product_view' }));
  await world.tick();
  const notesOf = async (names: string) => {
    const one = (await world.get(`/v1/users/u1/signals?names=${names}`)).body;
    const { body } = await world.post('/v1/signals/query', { users: ['u1'], names: names.split(',') });
    expect(body.meta).toEqual(one.meta);
    return [one.signals.length, one.meta.complete, one.meta.warnings];
  };
  const note = 'the definitions do not serve "product_view" as signals: "signals" there lists the types that are';
  expect(await notesOf('page')).toEqual([1, true, []]);
  expect(await notesOf('page,product_view')).toEqual([1, true, [note]]);
  expect((await notesOf('page,a,b,c,d'))[2]).toContain(
    'the definitions do not serve "a", "b", "c" and 1 more as signals: "signals" there lists the types that are',
  );
});
