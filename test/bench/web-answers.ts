/**
 * Answers about attention over 30 days of 100 pages with 100 elements each, in one class of viewports: 300 000 rows of the batch layer, and a day of
 * live ones beside them. In this process, over HTTP, one after the other. Each answer is to another question: what was asked before is remembered.
 */
import type { AddressInfo } from 'node:net';
import type { Event } from '@tributary/model/event';
import { sfc32 } from '@tributary/model/sfc32';
import { DAY_MS } from '@tributary/model/time';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { createWorld, NOON, READ } from '../../services/api/test/world.ts';
import { percentile } from './platform.ts';
import type { Figure } from './report.ts';

const DAYS = 30;
const PAGES = 100;
const ELEMENTS = 100;
const ASKED = 300;
const WARM_UP = 20;

export async function benchWebAnswers(): Promise<Figure[]> {
  const world = await createWorld({ definitions: definitionsOf({ web: {} }) });
  for (let day = DAYS; day >= 1; day--) for (const event of dayOf(day)) await world.ingest(event);
  await world.cut(1);
  await world.publish(1);
  for (const event of dayOf(0)) await world.ingest(event);
  await world.tick();
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`;
  const tookMs: number[] = [];
  const workedMs: number[] = [];
  try {
    for (let i = 0; i < ASKED + WARM_UP; i++) {
      const [began, before] = [performance.now(), process.cpuUsage()];
      const rows = await ask(`${url}/v1/attention?${questionOf(i)}`);
      const { user, system } = process.cpuUsage(before);
      if (i >= WARM_UP) {
        tookMs.push(performance.now() - began);
        workedMs.push((user + system) / 1_000);
      }
      if (rows !== ELEMENTS) throw new Error(`an answer must have ${ELEMENTS} elements (got ${rows})`);
    }
  } finally {
    await world.app.close();
  }
  const note = `${ASKED} different questions about a page in 30 days; median ${percentile(tookMs, 0.5).toFixed(1)} ms; processor time of asker and API, p99: ${percentile(workedMs, 0.99).toFixed(1)} ms`;
  return [
    {
      section: 'web',
      figure: `attention of a page, ${PAGES} pages × ${ELEMENTS} elements × ${DAYS} d, p99`,
      value: percentile(tookMs, 0.99),
      unit: 'ms',
      goal: { value: 50, better: 'less' },
      note,
    },
  ];
}

/** Another page, basis or first day each time: 100 × 3 × 30 of them. */
function questionOf(i: number): string {
  const basis = ['cursor', 'viewport', 'clicks'][Math.floor(i / PAGES) % 3];
  const from = NOON - (DAYS - (i % 5)) * DAY_MS;
  return `page=${encodeURIComponent(`shop.example/${i % PAGES}`)}&basis=${basis}&from=${from}`;
}

async function ask(url: string): Promise<number> {
  const response = await fetch(url, { headers: { authorization: READ } });
  const { rows } = (await response.json()) as { readonly rows: readonly unknown[] };
  return rows.length;
}

/** A report of each page. */
function* dayOf(daysAgo: number): Generator<Event> {
  const bits = sfc32(daysAgo, 0x9e3779b9, 0x243f6a88);
  for (let page = 0; page < PAGES; page++) {
    const ts = NOON - daysAgo * DAY_MS + page;
    const els = Array.from({ length: ELEMENTS }, (_, i) => [`element-${i}`, bits() % 100, bits() % 100, 1, i, i, 100, 50]);
    const properties = { viewId: 'v', layout: 992, engagedMs: 20_000, visibleMs: 20_000, hoverMs: 20_000, els };
    const at = { ts, receivedAt: ts, id: `${daysAgo}.${page}`, anonymousId: `user-${page}`, source: 'web' };
    yield { ...at, type: 'activity', page: `https://shop.example/${page}`, properties };
  }
}
