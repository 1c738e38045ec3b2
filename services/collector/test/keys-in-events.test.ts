/** Keys that clients put into their events: none is stored. */
import { afterEach, expect, test } from 'vitest';
import { BROWSER, SECRET, type StartedCollector, startCollector } from './start-collector.ts';

let collector: StartedCollector;
afterEach(() => collector.stop());

test('law 6: what is stored of a key is its public half, wherever in an event a client puts it', async () => {
  collector = await startCollector({ keys: [BROWSER] });
  const { key } = BROWSER;
  const url = `https://shop.example/?writeKey=${key}&a=1`;
  const properties = { writeKey: key, list: [key, 'autumn'], deep: { er: { token: key, note: `my ${key}!` } }, [`of ${key}`]: 1 };
  const post = (path: string, body: object) => collector.post(path, body, { authorization: `Bearer ${key}` });
  const answers = [
    await post('/v1/track', { event: 'e', userId: 'u', messageId: '1', properties, context: { page: { url } } }),
    await post('/v1/events', { type: 'e', userId: 'u', id: '2', properties, page: url }),
    await post('/e/', {
      event: 'e',
      distinct_id: 'u',
      uuid: '3',
      $set: { token: key },
      properties: { ...properties, token: key },
    }),
    await fetch(
      `${collector.url}/pixel/v1/track?writeKey=${key}&event=e&userId=u&messageId=4&properties.writeKey=${key}&properties.a=1`,
    ),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const events = await collector.events();
  expect(JSON.stringify(events)).not.toContain(SECRET);
  const kept = { list: ['autumn'], deep: { er: { note: 'my (key 00000000000b)!' } }, 'of (key 00000000000b)': 1 };
  const page = 'https://shop.example/?writeKey=(key 00000000000b)&a=1';
  expect(events).toMatchObject([
    { id: '1', page, properties: kept },
    { id: '2', page, properties: kept },
    { id: '3', properties: { ...kept, $set: {} } },
    { id: '4', properties: { a: '1' } },
  ]);
  for (const { properties: stored } of events) expect(Object.keys(stored ?? {})).not.toContain('writeKey');
});

test('law 3: an id that holds a key is refused: cut down, it would be the id of other events too', async () => {
  collector = await startCollector({ keys: [BROWSER] });
  for (const field of ['id', 'userId', 'anonymousId']) {
    const event = { type: 'e', userId: 'u', [field]: `x${BROWSER.key}` };
    const { body } = await collector.post('/v1/events', event);
    expect(body.rejected).toMatchObject([
      { code: 'invalid_field', message: expect.stringContaining(`${field} must hold no API key`) },
    ]);
  }
  expect(await collector.events()).toEqual([]);
});
