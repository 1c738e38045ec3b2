/** What PostHog's browser library sends of itself: gzip, the key in the body. */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { BROWSER, type StartedCollector, startCollector } from './start-collector.ts';

let collector: StartedCollector;
afterEach(() => collector?.stop());

const event = (i: number) => ({
  uuid: randomUUID(),
  event: i % 5 === 0 ? '$pageview' : '$autocapture',
  properties: {
    $os: 'Mac OS X',
    $os_version: '10.15.7',
    $browser: 'Chrome',
    $device_type: 'Desktop',
    $timezone: 'Europe/Berlin',
    $current_url: `https://shop.example/products/shoes?page=${i}`,
    $host: 'shop.example',
    $pathname: '/products/shoes',
    $raw_user_agent:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    $browser_version: 142,
    $browser_language: 'de-DE',
    $browser_language_prefix: 'de',
    $screen_height: 1080,
    $screen_width: 1920,
    $viewport_height: 950,
    $viewport_width: 1900,
    $lib: 'web',
    $lib_version: '1.290.0',
    $search_engine: 'google',
    $insert_id: Math.random().toString(36).slice(2),
    $time: 1_795_262_400 + i / 7,
    distinct_id: '0193f1a2-7b1e-7cc0-a1b2-3c4d5e6f7a8b',
    $device_id: '0193f1a2-7b1e-7cc0-a1b2-3c4d5e6f7a8b',
    $initial_person_info: { r: 'https://www.google.com/', u: 'https://shop.example/?utm_source=google' },
    $referrer: 'https://www.google.com/',
    $referring_domain: 'www.google.com',
    $session_entry_url: 'https://shop.example/',
    $session_entry_host: 'shop.example',
    $session_entry_pathname: '/',
    $session_entry_referrer: 'https://www.google.com/',
    $session_entry_referring_domain: 'www.google.com',
    $event_type: 'click',
    $ce_version: 1,
    $elements_chain:
      'button.btn.btn-primary:attr__class="btn btn-primary"nth-child="2"nth-of-type="1"text="In den Warenkorb";div.card:attr__class="card"nth-child="3"nth-of-type="3";main:nth-child="2"nth-of-type="1";body:nth-child="2"nth-of-type="1"'.replace(
        '3',
        String(i % 9),
      ),
    token: BROWSER.key,
    $session_id: '0193f1a2-7b1e-7cc0-a1b2-3c4d5e6f7a8c',
    $window_id: '0193f1a2-7b1e-7cc0-a1b2-3c4d5e6f7a8d',
    $pageview_id: randomUUID(),
    $process_person_profile: false,
    $is_identified: false,
    $lib_custom_api_host: 'https://events.shop.example',
  },
  timestamp: new Date(1_795_262_400_000 - i * 977).toISOString(),
});

/** Super properties and feature flags come with each event. */
const flags = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`$feature/experiment-${i}-of-the-shop`, i % 3 === 0 ? 'control' : true]),
);

test.each([
  ['40 that waited for a connection', 40, {}],
  ['100 that waited for a connection', 100, {}],
  ['25 with the flags that each repeats', 25, flags],
])('law 6: a batch of ordinary events is taken: %s', async (_, count, more) => {
  collector = await startCollector({ keys: [BROWSER] });
  const batch = Array.from({ length: count }, (__, i) => ({ ...event(i), properties: { ...event(i).properties, ...more } }));
  const text = JSON.stringify({ api_key: BROWSER.key, batch, sent_at: '2026-11-21T12:00:00.000Z' });
  const { status } = await collector.post('/e/?compression=gzip-js', gzipSync(text), { authorization: '' });
  expect([text.length, status]).toEqual([expect.any(Number), 200]);
  expect(await collector.events()).toHaveLength(count);
});
