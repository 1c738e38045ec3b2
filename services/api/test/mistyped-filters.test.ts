/**
 * Law 7: a filter whose value is mistyped is named, in the warnings or a refusal, on every route that has a filter. What is a filter is asked of the
 * contract, so that a route which forgets to look fails here.
 */
import { ROUTES } from '@tributary/contract/routes';
import type { Routes } from '@tributary/contract/shapes/route';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { createWorld, event, NOON } from './world.ts';

const MISTYPED = 'mistyped';
const RANGE = { from: '2026-11-01', to: '2026-12-01' };

/** Take any text, and filter nothing: whose conversions, and what is read as something else. */
const NOT_FILTERS: ReadonlySet<string> = new Set(['user', 'cursor']);
/** Beside the range. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  attribution: { model: 'linear' },
  compareModels: { models: 'linear,first' },
};
/** Answers as `attribution` does, by the same pipeline, once a question was computed: archive-questions.test.ts. */
const ELSEWHERE: ReadonlySet<string> = new Set(['archiveAttribution']);

/** What takes any text, on routes over a window. */
const FILTERS = Object.entries(ROUTES as Routes).flatMap(([name, { method, path, query }]) => {
  const shape = (query as z.ZodObject | undefined)?.shape ?? {};
  if (method !== 'GET' || ELSEWHERE.has(name) || !('from' in shape)) return [];
  const needed = { ...RANGE, ...NEEDED[name] };
  const takesAny = (parameter: string) => (query as z.ZodType).safeParse({ ...needed, [parameter]: MISTYPED }).success;
  return Object.keys(shape)
    .filter((parameter) => !NOT_FILTERS.has(parameter) && !(parameter in needed) && takesAny(parameter))
    .map((parameter) => [name, parameter, `${path}?${new URLSearchParams({ ...needed, [parameter]: MISTYPED })}`] as const);
});

test('filters are found by what they take', () => {
  const names = new Set(FILTERS.map(([name]) => name));
  for (const name of ['attribution', 'compareModels', 'paths', 'coalitions', 'touches', 'viewTouches', 'listConversions'])
    expect(names).toContain(name);
  expect(FILTERS.length).toBeGreaterThan(30);
});

test.each(FILTERS)('law 7: %s names a mistyped %s', async (_name, _parameter, url) => {
  const world = await createWorld();
  await world.ingest(event({ type: 'ad_click', ts: NOON, channel: 'paid', campaign: 'brand' }));
  await world.ingest(event({ type: 'purchase', ts: NOON + 60_000, value: 100, currency: 'EUR' }));
  await world.tick();
  const { status, body } = await world.get(url.replaceAll(/\{\w+\}/g, 'u1'));
  // What is not a name is refused.
  const said: unknown = status === 400 ? body.detail : body.meta?.warnings;
  expect([url, JSON.stringify(said)]).toEqual([url, expect.stringContaining(MISTYPED)]);
});
