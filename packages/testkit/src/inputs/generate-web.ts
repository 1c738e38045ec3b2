/** What web events say, as trackers do, and what no tracker would. From a number, without a draw of the log's own, so that seeds keep their runs. */
import type { Event } from '@tributary/model/event';
import { createRandom, type Random } from './random.ts';

const PAGES = [
  'https://shop.example/',
  'https://shop.example/product/7?utm_source=x',
  'https://shop.example/product/8#reviews',
  'https://shop.example/blog/2026/a',
  'shop.example/product/',
  '/cart',
  'android-app://Kürbis/größe',
  'https://shop.example',
  `https://shop.example/${'ü'.repeat(188)}`,
  `https://shop.example/${'😀'.repeat(190)}`,
  undefined,
];
const LAYOUTS = [0, 576, 992, 1440, 0, 576, 992, 1440, 17, '0', null, undefined];
const MS = [0, 1, 14_000, 60_000, 60_001, -1, 1.5, 1e21, '7', null, undefined];
const TYPES: Readonly<Record<string, readonly string[]>> = {
  scroll: ['activity', 'activity', 'link', 'form'],
  click: ['click'],
  page: ['page'],
};

/** Half of the signals, pages and clicks as events of a page. */
export function asWebEvent(event: Event, number: number): Event {
  const types = Object.hasOwn(TYPES, event.type) ? TYPES[event.type] : undefined;
  const random = createRandom((number * 7919 + event.ts) % 2 ** 31);
  if (types === undefined || random.chance(0.4)) return event;
  const type = random.pick(types);
  const page = random.pick(PAGES);
  return {
    ...event,
    type,
    ...(page !== undefined && { page }),
    properties: { ...event.properties, ...propertiesOf(random, type) },
  };
}

function propertiesOf(random: Random, type: string): Readonly<Record<string, unknown>> {
  const common = {
    viewId: random.chance(0.1) ? random.pick([undefined, 7, '']) : 'ab',
    layout: random.pick(LAYOUTS),
    ...(random.chance(0.15) && { bot: random.pick(['ua', 'webdriver', 1]) }),
  };
  if (type === 'activity')
    return { ...common, engagedMs: random.pick(MS), visibleMs: random.pick([...MS, 366 * 86_400_000, 366 * 86_400_000 + 1]) };
  return common;
}
