/**
 * The wire of Feast as its SDK spoke it: requests of the unmodified SDK 0.67.0, recorded by `feast/run.ts` together with what the SDK read in the answers.
 * Each request is sent again. Where an answer is the same to the byte, the SDK reads what it read then, which is held against the API's own form.
 */
import { readFileSync } from 'node:fs';
import { parseExactJson } from '@tributary/model/exact-json';
import { expect, test } from 'vitest';
import { type Exchange, judged, plainIds, type SdkRead } from './feast/exchange.ts';
import { FEATURES, feastWorld, USERS } from './feast/world.ts';

const RECORDED = parseExactJson(readFileSync(new URL('feast/exchange.json', import.meta.url), 'utf8')) as {
  readonly read: SdkRead;
  readonly exchanges: readonly Exchange[];
};

test("law 7: what Feast's SDK sent is answered as it was when it read the values that the API answers in its own form", async () => {
  const world = await feastWorld();
  for (const { method, url, headers, body, status, answer } of RECORDED.exchanges) {
    const sent = await world.app.inject({
      method: method as 'GET',
      url,
      headers: { ...headers },
      ...(body !== '' && { payload: body }),
    });
    expect([url, sent.statusCode, plainIds(sent.body)]).toEqual([url, status, answer]);
  }
  expect(await judged(world, RECORDED.read)).toEqual([]);
  const urls = new Set(RECORDED.exchanges.map(({ url }) => url));
  expect([...urls].sort()).toEqual(['/get-online-features', '/health', '/push', '/write-to-online-store']);
});

test('the judge of the SDK sees values that belong to other users, as an entity-major answer gives them', async () => {
  const world = await feastWorld();
  const { values } = RECORDED.read;
  const turned = Object.fromEntries(
    FEATURES.map((feature, f) => [feature, USERS.map((_, u) => values[FEATURES[u] ?? '']?.[f % USERS.length])]),
  );
  expect((await judged(world, { ...RECORDED.read, values: { ...values, ...turned } })).length).toBeGreaterThan(10);
});
