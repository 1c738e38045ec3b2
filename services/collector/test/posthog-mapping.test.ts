/** The table of PostHog's fields in docs/ingestion.md: each row holds, and no row is missing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOUR_MS } from '@tributary/model/time';
import { expect, test } from 'vitest';
import { readPosthog } from '../src/formats/posthog.ts';
import type { Envelope } from '../src/formats/read-item.ts';

const AT = Date.UTC(2026, 10, 20, 12);
const URL_OF_PAGE = 'https://shop.example/shoes?utm_source=news&utm_medium=email';
const ENVELOPE: Envelope = {
  receivedAt: AT,
  sentAt: AT - 1_000,
  context: undefined,
  historical: false,
  money: true,
  keyId: undefined,
  newId: () => 'made here',
};
const FULL = {
  event: 'purchase',
  distinct_id: 'ada',
  uuid: '0192',
  timestamp: new Date(AT - 6_000).toISOString(),
  $set: { plan: 'gold' },
  properties: {
    ...{
      $lib: 'web',
      $current_url: URL_OF_PAGE,
      $referrer: 'https://www.google.com/',
      utm_campaign: 'autumn',
      utm_content: 'red',
    },
    ...{ utm_source: 'news', utm_medium: 'email', revenue: 19.99, cost: 0.5, currency: 'EUR', size: 42 },
  },
};

const read = (item: object, sentAt: unknown = ENVELOPE.sentAt) =>
  readPosthog(item as Parameters<typeof readPosthog>[0], { ...ENVELOPE, sentAt }) as unknown as Record<string, unknown>;
const without = (name: keyof typeof FULL) => ({ ...FULL, [name]: undefined });

/** By field, as the table names it. */
const ROWS: Readonly<Record<string, () => void>> = {
  '`type`': () => {
    expect(read(FULL)['type']).toBe('purchase');
    expect(read({ ...FULL, event: '$pageview' })['type']).toBe('page');
    expect(read({ ...FULL, event: '$screen' })['type']).toBe('screen');
    expect(read({ ...FULL, event: '$identify' })['type']).toBe('$identify');
  },
  '`id`': () => {
    expect(read(FULL)['id']).toBe('0192');
    expect(read(without('uuid'))['id']).toBe('made here');
  },
  '`userId`': () => {
    expect(read(FULL)['userId']).toBe('ada');
    expect(read({ ...without('distinct_id'), properties: { distinct_id: 'eve' } })['userId']).toBe('eve');
  },
  '`anonymousId`': () => expect(read(FULL)['anonymousId']).toBeUndefined(),
  '`ts`': () => {
    expect(read(FULL)['ts']).toBe(AT - 5_000);
    expect(read({ ...without('timestamp'), offset: 3_000 })['ts']).toBe(AT - 3_000);
    expect(read(without('timestamp'))['ts']).toBe(AT);
  },
  '`source`': () => {
    expect(read(FULL)['source']).toBe('segment:web');
    expect(read({ ...FULL, properties: {} })['source']).toBe('segment:posthog');
  },
  '`properties`': () => {
    expect(read(FULL)['properties']).toMatchObject({ size: 42, $lib: 'web', $set: { plan: 'gold' }, utm_campaign: 'autumn' });
  },
  '`page`': () => expect(read(FULL)['page']).toBe(URL_OF_PAGE),
  '`channel`': () => {
    expect(read(FULL)['channel']).toBe('email');
    expect(read({ ...FULL, properties: { ...FULL.properties, channel: 'mine' } })['channel']).toBe('mine');
    const referred = { $current_url: 'https://shop.example/', $referrer: 'https://www.google.com/' };
    expect(read({ ...FULL, event: '$pageview', properties: referred })['channel']).toBe('organic-search');
  },
  '`campaign`, `creative`': () => expect(read(FULL)).toMatchObject({ campaign: 'autumn', creative: 'red' }),
  '`value`, `cost`, `currency`': () => expect(read(FULL)).toMatchObject({ value: 1_999, cost: 50, currency: 'EUR' }),
};

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../../docs/ingestion.md'), 'utf8');
const [, SECTION = ''] = /^## PostHog events\n(.*?)^## /ms.exec(DOCUMENT) ?? [];

test('the document has a row for each field that is mapped, and no other', () => {
  const fields = SECTION.split('\n').flatMap((line) => /^\| (`[^|]*?) *\|/.exec(line)?.[1] ?? []);
  expect(fields).toEqual(Object.keys(ROWS));
});

test.each(Object.entries(ROWS))('%s comes from where the document says', (_, holds) => holds());

test.each([-1, 0, 1, 25])('law 1: `offset` is of the time of sending in each of its forms, by a clock %i h ahead', (hours) => {
  const sentMs = AT + hours * HOUR_MS;
  for (const sentAt of [sentMs, sentMs / 1_000, sentMs * 1_000, new Date(sentMs).toISOString()])
    expect([sentAt, read({ ...without('timestamp'), offset: 5_000 }, sentAt)['ts']]).toEqual([sentAt, AT - 5_000]);
  for (const sentAt of [undefined, null])
    expect([sentAt, read({ ...without('timestamp'), offset: 5_000 }, sentAt)['ts']]).toEqual([sentAt, AT - 5_000]);
});
