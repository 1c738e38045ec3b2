/** An import into a platform that keeps less than it is sent: the same file twice, and the same file with other columns. */
import { expect, test } from 'vitest';
import type { ImportEvent } from '../src/events/import-event.ts';
import { createSample } from '../src/events/sample.ts';
import { keptBefore } from '../src/sending/kept-before.ts';

const FILE = [1, 2, 3, 4].map(
  (n): ImportEvent => ({
    ts: 1_700_000_000_000 + n,
    type: 'purchase',
    id: `a${n}`,
    userId: `u${n}`,
    source: 'csv',
    historical: true,
    page: `/p/${n}`,
    campaign: `c${n}`,
    value: 100,
    currency: 'EUR',
  }),
);

const WAYS: readonly (readonly [string, (event: ImportEvent) => object])[] = [
  ['as sent', (event) => event],
  ['drop:page', ({ page: _, ...event }) => event],
  ['hash:page', (event) => ({ ...event, page: `hmac:${event.page}` })],
  ['names beyond the bound', (event) => ({ ...event, campaign: '(other)' })],
];

function platform(kept: (event: ImportEvent) => object) {
  const signalsOf = (user: string) => FILE.filter(({ userId }) => userId === user).map(kept);
  return async ({ users }: { readonly users: readonly string[] }) => ({
    results: users.map((userId) => ({ userId, signals: signalsOf(userId) })),
  });
}

function sampleOf(events: readonly ImportEvent[]) {
  const sample = createSample();
  for (const event of events) sample.add(event);
  return sample;
}

test.each(WAYS)('law 3: the same file again differs in nothing: %s', async (_, kept) => {
  expect(await keptBefore(platform(kept), sampleOf(FILE), false)).toBeNull();
});

test.each(WAYS)('law 3: the same rows under other ids are refused: %s', async (_, kept) => {
  const again = FILE.map((event, i) => ({ ...event, id: `b${i}`, creative: 'k' }));
  await expect(keptBefore(platform(kept), sampleOf(again), false)).rejects.toThrow(/imported before/);
});

test('what is stored otherwise is said', async () => {
  const ask = platform((event) => ({ ...event, page: '/q', value: 1 }));
  expect(await keptBefore(ask, sampleOf(FILE), false)).toContain('has value 1, page "/q"; this command says');
});
