/** What must not be stored is in no byte of the log, whichever door it comes in by. */
import { afterEach, expect, test } from 'vitest';
import { minimiserOf } from '../src/checks/minimiser.ts';
import { BASIC, type StartedCollector, startCollector, WRITE_KEY } from './start-collector.ts';

const IP = '203.0.113.77';
const MAIL = 'ada.secret@example.org';
const KEY = 'a-key-of-thirty-two-characters!!';
const RULES = 'drop:properties.**.ip, drop:properties.**.$ip, hash:properties.**.email, drop:page';

let collector: StartedCollector | undefined;
afterEach(() => collector?.stop());

test('law 9: what is dropped or hashed is in no byte of the log, through every door', async () => {
  collector = await startCollector({ minimise: minimiserOf({ minimise: RULES, minimiseKey: KEY }) });
  const { post } = collector;
  const page = `https://shop.example/?mail=${MAIL}`;
  const cloudEvent = {
    specversion: '1.0',
    id: 'c1',
    source: 's',
    type: 'e',
    userid: 'u',
    data: { ip: IP, deep: { email: MAIL } },
  };
  for (const [path, body, headers] of [
    ['/v1/events', { type: 'e', userId: 'u', id: 'n1', page, properties: { ip: IP, list: [{ email: MAIL }] } }],
    [
      '/v1/track',
      { event: 'e', userId: 'u', messageId: 's1', context: { ip: IP, page: { url: page } }, properties: { email: MAIL } },
    ],
    ['/v1/identify', { userId: 'u', messageId: 's2', traits: { email: MAIL, plan: 'pro' } }],
    ['/v1/batch', { batch: [{ type: 'track', event: 'e', userId: 'u', messageId: 's3', properties: { ip: IP, email: MAIL } }] }],
    [
      '/v1/import',
      {
        batch: [
          {
            type: 'track',
            event: 'e',
            userId: 'u',
            messageId: 's4',
            timestamp: '2026-01-01T00:00:00Z',
            properties: { email: MAIL },
          },
        ],
      },
    ],
    ['/v1/events', cloudEvent, { 'content-type': 'application/cloudevents+json' }],
    [
      '/batch/',
      { api_key: WRITE_KEY, batch: [{ event: 'e', uuid: 'p1', distinct_id: 'u', properties: { $ip: IP, email: MAIL } }] },
      { authorization: '' },
    ],
  ] as const) {
    const { status, body: answer } = await post(path, body, { 'content-type': 'application/json', ...headers });
    expect([path, status, answer.rejected ?? []]).toEqual([path, 200, []]);
  }
  const events = await collector.events();
  expect(events).toHaveLength(7);
  const text = JSON.stringify(events);
  for (const secret of [IP, MAIL, 'shop.example']) expect(text).not.toContain(secret);
  expect(events.find(({ id }) => id === 's2')?.properties).toMatchObject({
    plan: 'pro',
    email: expect.stringMatching(/^hmac:[0-9a-f]{32}$/),
  });
  // Equal values stay equal, so that they can be counted.
  const mails = new Set(text.match(/hmac:[0-9a-f]{32}/g));
  expect(mails.size).toBe(1);
  const other = minimiserOf({ minimise: RULES, minimiseKey: `${KEY}2` });
  const again = other?.({ ts: 1, type: 'e', id: 'x', userId: 'u', receivedAt: 1, source: 's', properties: { email: MAIL } });
  expect([...mails]).not.toContain(again?.properties?.['email']);
});

test('what is written when a rule cannot match, or when there is none, is what was sent', async () => {
  expect(minimiserOf({ minimise: '', minimiseKey: '' })).toBeUndefined();
  collector = await startCollector({ minimise: minimiserOf({ minimise: 'drop:properties.ip', minimiseKey: '' }) });
  const properties = { IP: '1', 'a.ip': '2', nested: { ip: '3' } };
  await collector.post('/v1/events', { type: 'e', userId: 'u', id: 'n1', properties }, { authorization: BASIC });
  expect((await collector.events())[0]?.properties).toEqual(properties);
});
