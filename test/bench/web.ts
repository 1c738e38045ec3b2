/**
 * The speed worker where pages are counted and where they are not, in pairs, in turn: over what trackers report, and over events without any
 * of a page, which must cost the same. Processor time decides: the machine does other things.
 */
import { randomUUID } from 'node:crypto';
import type { EventLog } from '@tributary/log/port';
import { type Definitions, parseDefinitions } from '@tributary/model/definitions';
import { encodeEvent } from '@tributary/model/event';
import { sfc32 } from '@tributary/model/sfc32';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import type { Redis } from 'ioredis';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { fill } from './fill.ts';
import { PARTITIONS, withRedisLog } from './redis-log.ts';
import type { Figure } from './report.ts';
import { benchWebAnswers } from './web-answers.ts';
import { type Workload, type WorkloadEvent, workload } from './workload.ts';

const ROUNDS = 3;
const PLAIN = parseDefinitions('{}', sha256Hex);
const PAGES = parseDefinitions('{"web":{}}', sha256Hex);

export async function benchWeb(load: Workload): Promise<Figure[]> {
  const onPages = await measured(load, [...pagesOf(load)]);
  const without = await measured(load, [...workload(load)]);
  const note = ({ plain, pages }: Pair) =>
    `µs of the worker per event: ${plain.toFixed(1)} without, ${pages.toFixed(1)} with; medians of ${ROUNDS}, in turn`;
  return [
    {
      section: 'web',
      figure: 'worker with views of pages / without, over web events',
      value: onPages.plain / onPages.pages,
      unit: '×',
      goal: { value: 0.7, better: 'more' },
      note: note(onPages),
    },
    {
      section: 'web',
      figure: 'the same over events without any of a page',
      value: without.plain / without.pages,
      unit: '×',
      goal: { value: 0.95, better: 'more' },
      note: note(without),
    },
    ...(await benchWebAnswers()),
  ];
}

interface Pair {
  readonly plain: number;
  readonly pages: number;
}

async function measured(load: Workload, events: readonly WorkloadEvent[]): Promise<Pair> {
  return withRedisLog(async (log, store) => {
    await fill(log, load, events);
    const [plain, pages]: [number[], number[]] = [[], []];
    // The first round runs in: nothing of it counts.
    for (let round = 0; round <= ROUNDS; round++)
      for (const [definitions, of] of [[PLAIN, plain] as const, [PAGES, pages] as const]) {
        const before = process.cpuUsage();
        await catchUp(log, store, `r${round}${definitions.version}`, definitions);
        const { user, system } = process.cpuUsage(before);
        if (round > 0) of.push((user + system) / events.length);
      }
    return { plain: median(plain), pages: median(pages) };
  });
}

async function catchUp(log: EventLog, store: Redis, namespace: string, definitions: Definitions): Promise<void> {
  const worker = createSpeedWorker({
    log,
    store: createSpeedStore(store, namespace),
    definitions,
    partitions: Array.from({ length: PARTITIONS }, (_, p) => p),
    sha256Hex,
    digestOf: sha256Hex,
    commitId: randomUUID,
    limits: { maxEntries: 10, waitMs: 0 },
  });
  while ((await worker.runOnce()) > 0);
  await worker.settle();
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
}

/** Views of 200 pages of 20 elements: a view, three reports of 8 elements and 20 cells, a click, and a signal of the shop. */
function* pagesOf({ events, users, seed }: Workload): Generator<WorkloadEvent> {
  const bits = sfc32(seed, 0x9e3779b9, 0x243f6a88);
  const below = (most: number) => bits() % most;
  for (let i = 0; i < events; i++) {
    const userKey = `user-${below(users).toString(36).padStart(8, '0')}`;
    const ts = Date.UTC(2026, 9, 1) + i * 10;
    const properties = { viewId: `${i - (i % 6)}`.padStart(32, '0'), layout: [0, 576, 992, 1440][below(4)] };
    const page = `https://shop.example/product/${below(200)}`;
    const at = { ts, id: `${properties.viewId}.${i}`, anonymousId: userKey, receivedAt: ts, source: 'web', page };
    const key = () => `element-${below(20)}`;
    const others = [
      () => ({ ...at, type: 'page', properties: { ...properties, nav: 'load', vw: 1_200, vh: 800, docH: 4_000 } }),
      () => ({
        ...at,
        type: 'click',
        element: key(),
        properties: { ...properties, ex: below(10_000), ey: below(10_000), px: 5, py: 5, kind: 'click', path: 'main > a' },
      }),
      () => ({ ...at, type: 'product_view', properties: { product: `sku-${i % 20_000}` } }),
    ];
    const activity = () => ({
      ...at,
      type: 'activity',
      properties: {
        ...properties,
        seq: i % 3,
        engagedMs: 15_000,
        visibleMs: 15_000,
        hoverMs: 15_000,
        fromScrollBp: i % 3 === 0 ? 0 : 5_000,
        maxScrollBp: 5_000,
        bands: Array.from({ length: 20 }, () => below(700)),
        els: Array.from({ length: 8 }, () => [key(), below(1_800), below(1_800), below(2), 0, below(4_000), 300, 200]),
        moves: Array.from({ length: 20 }, () => [key(), below(256), below(700)]),
      },
    });
    yield { userKey, line: encodeEvent((others[i % 6] ?? activity)()) };
  }
}
