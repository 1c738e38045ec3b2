/** Keys that clients put into their events: none is stored. */
import { afterEach, expect, test } from 'vitest';
import { BROWSER, OTHER_BROWSER, SECRET, type StartedCollector, startCollector } from './start-collector.ts';

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
    const event = { type: 'e', userId: 'u', [field]: `x-${BROWSER.key}` };
    const { body } = await collector.post('/v1/events', event);
    expect(body.rejected).toMatchObject([
      { code: 'invalid_field', message: expect.stringContaining(`${field} must hold no API key`) },
    ]);
  }
  expect(await collector.events()).toEqual([]);
});

test('law 6: of several keys in one text none is stored, nor one that follows an encoded byte, however often it is encoded', async () => {
  collector = await startCollector({ keys: [BROWSER] });
  const next = encodeURIComponent(`https://shop.example/?writeKey=${OTHER_BROWSER.key}`);
  const page = `https://shop.example/?writeKey=${BROWSER.key}&next=${next}`;
  const note = `first\n${BROWSER.key}\t${OTHER_BROWSER.key}then`;
  const event = {
    type: 'e',
    userId: 'u',
    id: '1',
    page,
    properties: { note, lower: next.replace(/%3D/, '%3d'), within: encodeURIComponent(encodeURIComponent(next)) },
  };
  const { body } = await collector.post('/v1/events', event, { authorization: `Bearer ${BROWSER.key}` });
  expect(body.rejected).toEqual([]);
  const events = await collector.events();
  expect(JSON.stringify(events)).not.toContain(SECRET);
  expect(events[0]?.properties).toMatchObject({ note: 'first\n(key 00000000000b)\t(key 00000000000c)then' });
});

test('laws 1 and 3: names and ids that only begin like a key are stored as they are, and what differs stays so', async () => {
  collector = await startCollector();
  const campaigns = [
    'update_202611010800_1',
    'update_202611010800_2',
    'beta_202611010800_3',
    'tw_202611010800_4',
    `to_202611010800_${SECRET}`,
  ];
  const hashes = [`tw_202611010800_${SECRET}00`, `bits_202611010800_${SECRET}`];
  const sent = [...campaigns, ...hashes].map((campaign, i) => ({
    type: 'ad_click',
    userId: 'identity_001a2b3c4d5e_1',
    id: `events_202611231405_${i}`,
    channel: 'email',
    campaign,
    properties: { template: 'date_202611231405_1', list: ['te_202611231405_1'] },
  }));
  const { body } = await collector.post('/v1/events', sent);
  expect(body.rejected).toEqual([]);
  expect(await collector.events()).toMatchObject(sent);
});
