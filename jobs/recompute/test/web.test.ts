/** Generations whose definitions begin to count pages, stop, and begin again: files of events have what pages are counted by, or are not built upon. */
import type { Definitions, DefinitionsFile } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld, type World } from './world.ts';

const of = (more: Partial<DefinitionsFile>) => definitionsOf({ ...SMALL_DEFINITIONS, ...more });
const PLAIN = of({});
const PAGES = of({ web: {} });
const LISTED = of({ web: { pages: ['/product/:id'] } });
const WITHOUT_CRAWLER = of({
  web: {},
  corrections: [
    {
      name: 'crawler',
      when: 'page == "/robots"',
      drop: true,
      from: '2026-03-01',
      to: '2026-03-02',
      author: 'ada',
      reason: 'a bot',
    },
  ],
});

let world: World;
let log: Event[];
beforeEach(async () => {
  world = await createWorld(PLAIN);
  log = [];
});
afterEach(() => world.close());

let sent = 0;
function web(type: string, page: string, properties: object = {}): Event {
  const id = `v.${++sent}`;
  return event(id, sent / 100, type, { page, properties: { viewId: 'v', layout: 576, ...properties } });
}

async function ingest(...events: Event[]): Promise<void> {
  log.push(...events);
  await world.ingest(events);
}

/** Runs a generation, which must be what the oracle finds; resolves with how it was made, and how many pages it has. */
async function generation(number: number, definitions: Definitions) {
  await world.run({ definitions: definitions.json, mode: 'incremental' });
  const { mode } = await world.manifest(number);
  const views = await world.viewsOf(number);
  expect(differences(views, naive(log, definitions)), `generation ${number}`).toEqual([]);
  return [mode, views.get('pages')?.size];
}

test('law 1: pages are counted from the archive where the base lacks them, else from its events, under whatever names; a correction takes them out', async () => {
  const first = web('page', 'https://shop.example/product/7');
  await ingest(first, web('page', '/robots'), web('activity', '/robots', { engagedMs: 5, visibleMs: 6 }));
  expect(await generation(1, PLAIN)).toEqual(['full', 0]);
  await ingest(first, web('page', 'https://shop.example/product/8'));
  expect(await generation(2, PAGES)).toEqual(['full', 3]);
  await ingest(first, web('page', 'https://shop.example/product/8', { layout: 0 }));
  expect(await generation(3, PAGES)).toEqual(['incremental', 4]);
  expect(await generation(4, LISTED)).toEqual(['incremental', 3]);
  expect(await generation(5, WITHOUT_CRAWLER)).toEqual(['incremental', 3]);
  await ingest(web('page', '/robots'));
  expect(await generation(6, PAGES)).toEqual(['incremental', 4]);
  expect(await generation(7, PLAIN)).toEqual(['incremental', 0]);
  expect(await generation(8, PAGES)).toEqual(['full', 4]);
});
