/**
 * What the tracker of pages sends: calls of Segment whose properties are bounded. Anybody may have the key of a page, so a call that says more
 * than its type may, or that adds up to more than there was, is refused: what elements are given of a page is never more than the page has.
 */
import type { Draft } from '@tributary/model/reading/draft';
import { isObject, type JsonObject, objectOf, textOf } from '@tributary/model/reading/json';
import { describe, type Invalid, invalid } from '@tributary/model/refusal';
import { DAY_MS } from '@tributary/model/time';
import type { ReadItem } from './read-item.ts';
import { segmentReader } from './segment.ts';

interface Rule {
  /** Completes `FIELD must …`. */
  readonly must: string;
  readonly holds: (value: unknown) => boolean;
  readonly isOptional?: true;
}

/** A page reports after 20 s engaged at the latest; three times that is taken. */
const MAX_ENGAGED_MS = 60_000;
const MAX_VISIBLE_MS = 366 * DAY_MS;
const MAX_PX = 10_000_000;
const MAX_KEY = 64;

const VIEW_ID: Rule = {
  must: 'be 32 hexadecimal digits',
  holds: (value) => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value),
};
const LAST: Rule = { must: 'be true, or absent', holds: (value) => value === true };
/** A number for each twentieth of the page. */
const BANDS = rowOf(20, MAX_ENGAGED_MS);

const COMMON = { viewId: VIEW_ID, layout: oneOf(0, 576, 992, 1440), bot: optional(oneOf('ua', 'webdriver')) };
const ELEMENT = optional(text(MAX_KEY));

/** By type: the properties that there are, and what holds for each. */
export const WEB_EVENTS: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  page: {
    ...COMMON,
    nav: oneOf('load', 'push', 'replace', 'pop', 'hash', 'bfcache'),
    referrer: optional(text(2_048)),
    vw: whole(100_000),
    vh: whole(100_000),
    docH: whole(MAX_PX),
  },
  click: {
    ...COMMON,
    element: ELEMENT,
    ex: whole(9_999),
    ey: whole(9_999),
    px: whole(MAX_PX),
    py: whole(MAX_PX),
    kind: oneOf('click', 'rage', 'dead'),
    path: text(200),
  },
  link: {
    ...COMMON,
    element: ELEMENT,
    target: oneOf('internal', 'outbound', 'download', 'mailto', 'tel'),
    host: optional(text(300)),
    path: optional(text(1_000)),
  },
  form: {
    ...COMMON,
    form: text(MAX_KEY),
    field: text(MAX_KEY),
    action: oneOf('focus', 'change', 'submit', 'abandon'),
    ms: whole(MAX_VISIBLE_MS),
  },
  activity: {
    ...COMMON,
    seq: whole(1_000_000),
    engagedMs: whole(MAX_ENGAGED_MS),
    visibleMs: whole(MAX_VISIBLE_MS),
    hoverMs: optional(whole(MAX_ENGAGED_MS)),
    fromScrollBp: optional(whole(10_000)),
    maxScrollBp: whole(10_000),
    bands: optional(BANDS),
    els: optional(listOf(100, 'a key and 7 whole numbers', (row) => isKeyed(row, 8))),
    moves: optional(listOf(200, 'a key and 2 whole numbers', (row) => isKeyed(row, 3))),
    lost: optional(whole(1_000_000)),
    last: optional(LAST),
  },
};

const readSegment = segmentReader(undefined);

export const readWeb: ReadItem = (item, envelope) => {
  const name = item['type'] === 'track' ? item['event'] : item['type'];
  const rules = typeof name === 'string' && Object.hasOwn(WEB_EVENTS, name) ? WEB_EVENTS[name] : undefined;
  const context = { library: { name: 'web' }, page: objectOf(objectOf(item['context'])?.['page']) };
  const given = item['properties'];
  // What a page tracks of its own.
  if (rules === undefined) {
    const draft = readSegment({ ...item, context }, envelope);
    return 'ok' in draft
      ? draft
      : { ...(objectOf(given)?.['channel'] === undefined ? withoutTouch(draft) : draft), source: 'web' };
  }
  if (!isObject(given)) return invalid('invalid_field', { field: 'properties', must: 'be an object', got: describe(given) });
  const refusal = refusalOf(given, rules) ?? excessOf(given);
  if (refusal !== undefined) return refusal;
  const { element, ...properties } = given;
  const url = textOf(context.page?.['url']) ?? '';
  const draft = readSegment({ ...item, properties, context: { ...context, campaign: campaignOf(url) } }, envelope);
  if ('ok' in draft) return draft;
  const named = textOf(element)?.replace(/[\p{C}\p{Z}]+/gu, ' ');
  const isArrival = name === 'page' && given['nav'] === 'load';
  return { ...(isArrival ? draft : withoutTouch(draft)), source: 'web', element: named };
};

/** A document is come to once: what follows in it is not another touch, though the address still names the campaign. */
function withoutTouch(draft: Draft): Draft {
  return { ...draft, channel: undefined, campaign: undefined, creative: undefined };
}

function campaignOf(url: string): JsonObject {
  const query = URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();
  return { name: query.get('utm_campaign'), content: query.get('utm_content') };
}

function refusalOf(given: JsonObject, rules: Readonly<Record<string, Rule>>): Invalid | undefined {
  for (const [name, { must, holds, isOptional }] of Object.entries(rules)) {
    const value = given[name];
    if (value === undefined ? isOptional === true : holds(value)) continue;
    return invalid('invalid_field', { field: ['properties', name], must, got: describe(value) });
  }
  const other = Object.keys(given).find((name) => !Object.hasOwn(rules, name));
  if (other === undefined) return undefined;
  return invalid('invalid_field', {
    field: 'the properties of this event',
    must: `be some of ${Object.keys(rules).join(', ')}`,
    got: describe(other),
  });
}

/** Shares of a whole are not more than the whole. */
function excessOf(given: JsonObject): Invalid | undefined {
  const rows = (name: string) => (given[name] ?? []) as readonly (readonly [string, ...number[]])[];
  const sum = (numbers: readonly (number | undefined)[]) => numbers.reduce<number>((a, b) => a + (b ?? 0), 0);
  const {
    engagedMs = 0,
    visibleMs = 0,
    hoverMs = 0,
    bands = [],
  } = given as Readonly<Record<string, number>> & {
    readonly bands?: readonly number[];
  };
  const orders: readonly (readonly [string, number, string, number])[] = [
    ['properties.engagedMs', engagedMs, 'visibleMs', visibleMs],
    ['properties.hoverMs', hoverMs, 'engagedMs', engagedMs],
    ['the sum of properties.bands', sum(bands), 'engagedMs', engagedMs],
    [
      'the sum of what the pointer was over, in properties.els,',
      sum(rows('els').map(([, cursorMs]) => cursorMs)),
      'hoverMs',
      hoverMs,
    ],
    ['the sum of what was in the viewport, in properties.els,', sum(rows('els').map(([, , ms]) => ms)), 'engagedMs', engagedMs],
    ['the sum of properties.moves', sum(rows('moves').map(([, , ms]) => ms)), 'hoverMs', hoverMs],
  ];
  const excess = orders.find(([, some, , most]) => some > most);
  if (excess === undefined) return undefined;
  const [field, part, ofWhat, all] = excess;
  return invalid('invalid_field', { field, must: `be at most ${ofWhat}`, got: `${part}, of ${all}` });
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

/** A key, then whole numbers: of an element, or of a cell of its box. */
function isKeyed(row: unknown, length: number): boolean {
  if (!Array.isArray(row) || row.length !== length) return false;
  const [key, ...numbers] = row as readonly unknown[];
  return typeof key === 'string' && key.length <= 2 * MAX_KEY && numbers.every((value) => isWhole(value, MAX_PX));
}

function whole(most: number): Rule {
  return { must: `be a whole number from 0 to ${most}`, holds: (value) => isWhole(value, most) };
}

function oneOf(...values: readonly (string | number)[]): Rule {
  return { must: `be one of ${values.join(', ')}`, holds: (value) => values.includes(value as string) };
}

/** `most`: signs, of which some take two UTF-16 units. */
function text(most: number): Rule {
  return {
    must: `be a text of at most ${most} characters`,
    holds: (value) => typeof value === 'string' && value.length <= 2 * most,
  };
}

function listOf(most: number, what: string, holds: (row: unknown) => boolean): Rule {
  const isList = (value: unknown) => Array.isArray(value) && value.length <= most && value.every(holds);
  return { must: `be at most ${most} rows, each ${what} from 0 to ${MAX_PX}`, holds: isList };
}

function rowOf(count: number, most: number): Rule {
  const isRow = (value: unknown) => Array.isArray(value) && value.length === count && value.every((one) => isWhole(one, most));
  return { must: `be ${count} whole numbers from 0 to ${most}`, holds: isRow };
}

function optional(rule: Rule): Rule {
  return { ...rule, isOptional: true };
}
