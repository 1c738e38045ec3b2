/** Which pages may read, as `TRIBUTARY_API_ORIGINS` names them. */
import { afterAll, expect, test } from 'vitest';
import { createWorld, READ } from './world.ts';

const worlds: Awaited<ReturnType<typeof createWorld>>[] = [];
afterAll(() => Promise.all(worlds.map(({ app }) => app.close())));

async function allowedFor(origins: string, asking: readonly string[]): Promise<unknown[]> {
  const world = await createWorld({ origins });
  worlds.push(world);
  const answers = asking.map((origin) => world.app.inject({ url: '/v1/models', headers: { authorization: READ, origin } }));
  return (await Promise.all(answers)).map(({ headers }) => headers['access-control-allow-origin']);
}

const SHOP = 'https://shop.example';
const BLOG = 'https://blog.example:8443';

test('a page reads from an origin that is named, in capitals too, and from no other', async () => {
  const asking = [SHOP, BLOG, 'https://shop.example.evil', 'http://shop.example', 'null'];
  expect(await allowedFor(`${BLOG}, https://Shop.EXAMPLE`, asking)).toEqual([SHOP, BLOG, undefined, undefined, undefined]);
  expect(await allowedFor('', asking)).toEqual(asking.map(() => undefined));
  expect(await allowedFor('*', asking)).toEqual(asking.map(() => '*'));
});
