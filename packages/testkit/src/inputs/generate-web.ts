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
  '(other)',
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
    ...(random.chance(0.6) && { element: random.pick(['nav', 'hero', 'Größe 😀', 'x'.repeat(129)]) }),
    properties: { ...event.properties, ...propertiesOf(random, type) },
  };
}

function propertiesOf(random: Random, type: string): Readonly<Record<string, unknown>> {
  const common = {
    viewId: random.chance(0.1) ? random.pick([undefined, 7, '']) : 'ab',
    layout: random.pick(LAYOUTS),
    ...(random.chance(0.15) && { bot: random.pick(['ua', 'webdriver', 1]) }),
  };
  switch (type) {
    case 'click':
      return {
        ...common,
        kind: random.pick(['click', 'click', 'rage', 'dead', 'other', 1]),
        ex: random.pick(PLACES),
        ey: random.pick(PLACES),
      };
    case 'link':
      return {
        ...common,
        target: random.pick(['internal', 'outbound', 'mailto', 'elsewhere', undefined]),
        host: random.pick(NAMES),
      };
    case 'form':
      return {
        ...common,
        action: random.pick(['focus', 'change', 'submit', 'abandon', 'blur']),
        form: random.pick(NAMES),
        field: random.pick(NAMES),
        ms: random.pick(MS),
      };
    case 'activity':
      return { ...common, ...activityOf(random) };
    default:
      return common;
  }
}

/** A report whose parts mostly fit into it. */
function activityOf(random: Random): Readonly<Record<string, unknown>> {
  const engagedMs = random.pick([...MS, 10_000, 10_000, 10_000]);
  const row = (numbers: number) => {
    const most = random.pick([1, 500, 500, 4_000]);
    const parts = Array.from({ length: numbers }, () => random.below(most));
    const whole = [random.pick([...NAMES, 'nav', 'hero', 'cta']), ...parts];
    return random.chance(0.03)
      ? random.pick<unknown>([whole.slice(1), [...whole, 1], null, 'x', whole.with(1, 1.5), whole.with(2, -1)])
      : whole;
  };
  const rows = (numbers: number, most: number) =>
    random.chance(0.05)
      ? random.pick<unknown>([{}, 'none', 3, null, Array(most + 1).fill(['nav', ...Array(numbers).fill(0)])])
      : Array.from({ length: random.below(4) }, () => row(numbers));
  return {
    engagedMs,
    visibleMs: random.pick([...MS, 366 * 86_400_000, 366 * 86_400_000 + 1]),
    hoverMs: random.pick([...MS, 10_000, 10_000]),
    bands: random.chance(0.2)
      ? random.pick<unknown>([undefined, [1], {}, Array(20).fill('1'), Array(20).fill(3_001)])
      : Array.from({ length: 20 }, () => random.pick([0, 0, 1, 500])),
    fromScrollBp: random.pick(SCROLLED),
    maxScrollBp: random.pick(SCROLLED),
    els: rows(7, 100),
    moves: rows(2, 200),
  };
}

const SCROLLED = [0, 0, 1, 499, 500, 501, 4_000, 9_500, 9_501, 10_000, 10_000, 10_001, -1, 0.5, undefined];
const PLACES = [0, 624, 625, 5_000, 9_999, 10_000, -1, 0.5, null];
const NAMES = [
  'nav',
  'hero',
  'Größe 😀',
  '',
  undefined,
  'a\tb',
  'nul\u0000',
  'x'.repeat(128),
  '😀'.repeat(128),
  '😀'.repeat(129),
  'h'.repeat(254),
];
