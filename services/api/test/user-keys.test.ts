/** Keys of users that events may have, and that requests are to reach. */
import { isKey } from '@tributary/model/event-fields';
import { expect, test } from 'vitest';
import { ADMIN, createWorld } from './world.ts';

test('law 9: a user whose key has a control of the second set, of whom events count, can be asked for and erased as any other', async () => {
  const { app } = await createWorld();
  const headers = { authorization: ADMIN };
  const statuses = async (key: string) => {
    const path = `/v1/users/${encodeURIComponent(key)}`;
    const asked = await app.inject({ url: `${path}/signals`, headers });
    const erased = await app.inject({ url: path, method: 'DELETE', headers });
    return [asked.statusCode, erased.statusCode];
  };
  expect([isKey('ren\u0085e'), await statuses('ren\u0085e')]).toEqual([true, await statuses('rene')]);
  expect([isKey('ren\te'), await statuses('ren\te')]).toEqual([false, [400, 400]]);
});
