/** Definitions for generated logs: windows of hours, so that rows freeze and lookbacks end within a short log. */
import { type Definitions, type DefinitionsFile, parseDefinitions, storedDefinitions } from '@tributary/model/definitions';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { LOG_BEGINS_MS } from './generate.ts';
import type { Random } from './random.ts';

export { sha256Hex };

export function definitionsOf(file: DefinitionsFile): Definitions {
  return parseDefinitions(JSON.stringify(file), sha256Hex);
}

/** The same as a version stored them whose rules ordered events of one instant by id alone. */
export function byFirstRules({ json }: Definitions): Definitions {
  const { rules: _, ...chosen } = JSON.parse(json) as Record<string, unknown>;
  return storedDefinitions(JSON.stringify(chosen), sha256Hex);
}

const hours = (count: number): number => count / 24;

/** Lookback 6 h, lateness 2 h: the shape of the defaults, a hundred times faster. */
export const SMALL_DEFINITIONS: DefinitionsFile = {
  touches: {
    click: { windowDays: hours(6), defaultChannel: 'direct' },
    view: { windowDays: hours(1), defaultChannel: 'direct', viewThrough: true },
    mail: { windowDays: hours(3), defaultChannel: 'email' },
    page: { windowDays: hours(6), defaultChannel: null },
  },
  conversions: ['buy', 'Order Completed'],
  attribution: { timeDecay: { halfLifeHours: 2 } },
  latenessDays: hours(2),
};

/** Small definitions with everything that can be chosen chosen at random; the touch and conversion types stay. */
export function generateDefinitions(random: Random): Definitions {
  const first = random.pick([0, 1, 20, 33, 40, 100]);
  const last = random.pick([0, 1, 20, 40, 60]);
  const share = first + last > 100 || first + last === 0 ? { first: 40, last: 40 } : { first, last };
  const click = random.pick([2, 6, 7.5]);
  const file = {
    ...SMALL_DEFINITIONS,
    touches: {
      ...SMALL_DEFINITIONS.touches,
      click: { windowDays: hours(click), defaultChannel: 'direct' },
      page: { windowDays: hours(6), defaultChannel: random.chance(0.8) ? null : 'organic' },
    },
    attribution: {
      resetOnConversion: random.chance(0.4),
      positionBased: share,
      timeDecay: { halfLifeHours: random.pick([1, 2, 168]) },
      direct: random.pick([['direct'], ['direct', 'referral'], []]),
      clicksOutrankViews: random.chance(0.3),
      channels: random.pick([null, null, ['search', 'direct'], ['Kanal Ä']]),
      transitionOrder: random.pick([1, 1, 2, 3, 4]),
      pathSteps: random.pick([1, 2, 3, 8, 20]),
    },
    latenessDays: hours(random.pick([1, 2, 5])),
    // The bound on signals must never bite into what views need.
    signalRetention: { days: hours(random.pick([1, 1, 48])), perUser: 20 },
  };
  // What an upgrade finds: definitions of an older version. Chosen without a draw, so that seeds keep their runs; so is what counts once.
  if (click === 2) return byFirstRules(definitionsOf(file));
  const conversions = COUNTED_ONCE.get(file.attribution.pathSteps) ?? SMALL_DEFINITIONS.conversions;
  const counting = COUNTING.get(file.attribution.timeDecay.halfLifeHours);
  const segments = SEGMENTS.get(file.attribution.pathSteps);
  const chosen = { ...file, conversions, ...CORRECTED.get(first), ...COUNTING_PAGES.get(last), ...counting };
  return definitionsOf({
    ...chosen,
    // Members by day need records of twice as long as the longest goes on.
    ...(segments !== undefined && { segments, signalRetention: { ...file.signalRetention, days: hours(48) } }),
    ...(counting !== undefined && { fields: { ...CORRECTED.get(first)?.fields, ...counting.fields } }),
  });
}

/** The same, with every event as it was sent. */
export function withoutCorrections(definitions: Definitions): Definitions {
  const { corrections, rules: _, ...chosen } = JSON.parse(definitions.json) as DefinitionsFile & { readonly rules?: number };
  return corrections === undefined || corrections.length === 0 ? definitions : definitionsOf(chosen);
}

/** Texts in double quotes, as the oracle reads them. By what the first touch gets, so by chance: half of the definitions that may correct something. */
const CORRECTED: ReadonlyMap<number, Pick<DefinitionsFile, 'corrections' | 'fields'>> = new Map([
  [
    1,
    {
      corrections: [
        correction('renamed', { when: 'campaign == "spring"', set: { campaign: 'été' } }),
        // Each sees what was sent: these two change places.
        correction('swapped', { when: 'channel == "search"', set: { channel: 'social' } }),
        correction('back', { when: 'channel == "social"', set: { channel: 'search', cost: 7 } }),
      ],
    },
  ],
  [
    20,
    {
      fields: { order: 'properties.order_id', cart: { from: 'properties.cart.id', type: 'integer' } },
      corrections: [
        correction('crawler', { when: 'cart == 1 && type in ["click", "view", "scroll"]', drop: true }, 3),
        correction('refund', { when: 'order == "o1" && type == "buy"', value: -40 }, 20),
        correction('late refund', { when: 'order == "7" || present(campaign)', value: 0 }, 5),
      ],
    },
  ],
  [
    100,
    {
      // Signals become touches; conversions and signals go.
      corrections: [
        correction('named', { when: 'type == "page" && !present(channel)', set: { channel: 'Kanal Ä' } }, 30),
        correction('gone', { when: 'present(value) && value < 5 || historical', drop: true }, 2),
        correction('moved', { when: 'type != "mail"', set: { channel: 'referral' } }, 1),
      ],
    },
  ],
]);

type Corrections = NonNullable<DefinitionsFile['corrections']>;

/** By what the last touch gets, so by chance. */
const COUNTING_PAGES: ReadonlyMap<number, Pick<DefinitionsFile, 'web'>> = new Map([
  [1, { web: {} }],
  [20, { web: { pages: ['/product/7', '/product/:id', '/blog/*', '/'] } }],
  [60, { web: {} }],
]);

/** What is counted over all users; by the half-life of credit, so by chance. */
const COUNTING: ReadonlyMap<number, Pick<DefinitionsFile, 'counts' | 'fields'>> = new Map([
  [
    2,
    {
      fields: { item: 'properties.order_id', basket: 'properties.cart.id', inside: 'properties.nested.list.0' },
      counts: {
        orders: { count: ['buy', 'Order Completed'], by: 'item' },
        campaigns: { count: '*', by: 'campaign', where: 'present(channel) && value != 5' },
        seen: { count: ['page', 'scroll', 'constructor'], by: 'basket', where: 'item == "7" || type == "constructor"' },
        nothing: { count: 'click', by: 'inside' },
      },
    },
  ],
  [
    168,
    {
      counts: {
        addresses: { count: '*', by: 'page' },
        channels: { count: ['click', 'page'], by: 'channel', where: 'channel != "direct"' },
      },
    },
  ],
]);

/** Segments whose members are counted by day; by the steps of paths, so by chance: half of the definitions that may. Beside them one of live members alone. */
const SEGMENTS: ReadonlyMap<number, DefinitionsFile['segments']> = new Map([
  [
    2,
    {
      clicking: { enter: 'type == "click"', ttl: '2h', exit: 'type == "buy" || value > 5', byDay: true },
      absent: { enter: 'type == "buy"', absence: { not: 'type in ["view", "mail"]', for: '90m' }, ttl: '4h', byDay: true },
      live: { enter: 'type == "page"', ttl: '1h' },
    },
  ],
  [
    8,
    {
      anything: { enter: 'present(campaign) || type == "scroll"', ttl: '30m', byDay: true },
      both: { enter: 'type == "page" || type == "buy"', exit: 'type == "buy" || type == "mail"', ttl: '1h', byDay: true },
      gone: {
        enter: 'channel == "search"',
        absence: { not: 'type == "click"', for: '1h' },
        exit: 'cost == 7',
        ttl: '10h',
        byDay: true,
      },
    },
  ],
  [20, { lapsed: { enter: 'type != "page"', absence: { not: 'type == "page"', for: '3h' }, ttl: '9h', byDay: true } }],
]);

/** For some hours from where generated logs begin. */
function correction(name: string, rule: Pick<Corrections[number], 'when' | 'set' | 'drop' | 'value'>, forHours = 48) {
  const from = new Date(LOG_BEGINS_MS - HOUR_MS);
  const to = new Date(LOG_BEGINS_MS + forHours * HOUR_MS);
  const range = { from: from.toISOString(), to: to.toISOString() };
  return { name: name.replaceAll(' ', '-'), ...rule, ...range, author: 'ana', reason: 'it went wrong' };
}

/** Other corrections, and nothing else: some of these, in any order, in ranges that begin and end anywhere, at the instants of events too. */
export function changeCorrections(random: Random, from: Definitions): Definitions {
  const { corrections: _, rules: __, ...others } = JSON.parse(from.json) as DefinitionsFile & { readonly rules?: number };
  const fields = {
    order: random.pick(['properties.order_id', 'properties.cart.id']),
    cart: { from: 'properties.cart.id', type: 'integer' as const },
  };
  const corrections: Corrections = [];
  for (const { corrections: all = [] } of CORRECTED.values())
    for (const one of all.filter(() => random.chance(0.4)))
      corrections.splice(random.below(corrections.length + 1), 0, random.chance(0.5) ? one : { ...one, ...anyRange(random) });
  return definitionsOf({ ...others, fields, corrections });
}

function anyRange(random: Random) {
  const fromMs = LOG_BEGINS_MS + random.between(-2, 40) * HOUR_MS + random.pick([0, 1, -1]);
  const toMs = fromMs + random.pick([1, HOUR_MS, 20 * HOUR_MS]);
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

/** By the steps of paths, so by chance: two of three definitions that may, with windows of all lengths, and keys in different places. */
const COUNTED_ONCE: ReadonlyMap<number, DefinitionsFile['conversions']> = new Map([
  [1, { buy: { onceBy: 'properties.order_id', withinDays: hours(0.5) }, 'Order Completed': {} }],
  [
    3,
    {
      buy: { onceBy: 'properties.order_id', withinDays: hours(5) },
      'Order Completed': { onceBy: 'properties.cart.id', withinDays: hours(1) },
    },
  ],
  [8, { buy: { onceBy: 'properties.cart.id', withinDays: hours(20) }, 'Order Completed': { onceBy: 'properties.order_id' } }],
]);

/** What a type may become: each kind of event may take the place of any other. */
const WINDOWS: DefinitionsFile['touches'] = {
  ...SMALL_DEFINITIONS.touches,
  scroll: { windowDays: hours(3), defaultChannel: 'organic' },
};

/** Other rules: roles of types, windows shorter and longer than before, models; lateness too where it may. */
export function changeDefinitions(random: Random, from: Definitions, lateness: 'any' | 'no shorter' | 'same'): Definitions {
  const { latenessDays, ...rest } = JSON.parse(generateDefinitions(random).json) as DefinitionsFile;
  const kept = lateness === 'same' || (lateness === 'no shorter' && (latenessDays as number) * DAY_MS < from.latenessMs);
  const touches = Object.entries({ ...WINDOWS, ...rest.touches, ...longer(random) });
  const conversions = random.pick([['buy', 'Order Completed'], ['buy', 'Order Completed'], ['buy'], ['buy', 'mail'], ['scroll']]);
  return definitionsOf({
    ...rest,
    touches: Object.fromEntries(touches.filter(([type]) => !conversions.includes(type) && random.chance(0.85))),
    conversions,
    latenessDays: kept ? from.latenessMs / DAY_MS : (latenessDays as number),
  });
}

function longer(random: Random): DefinitionsFile['touches'] {
  return random.chance(0.3) ? { view: { windowDays: hours(random.pick([8, 24])), defaultChannel: 'direct' } } : {};
}
