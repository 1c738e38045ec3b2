/** The oracle of sessions: every web event of a visitor against every other one. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { naivePage } from './naive-web.ts';

type Add = (view: string, dimensions: readonly string[], measures: readonly bigint[]) => void;

const GAP_MS = 30 * 60_000;
const DAY_MS = 86_400_000;
const DEEDS: Readonly<Record<string, readonly unknown[]>> = {
  click: ['click', 'rage'],
  form: ['focus', 'change', 'submit'],
};

/** `timeline`: the events of a user, in order. `counts`: whether one is a conversion that repeats none. Sessions that began at `anchoredAfter` or before are left out. */
export function naiveSessionRows(
  timeline: readonly Event[],
  definitions: Definitions,
  anchoredAfter: number,
  add: Add,
  counts: (event: Event) => boolean,
): void {
  const visits = timeline.filter((event) => isVisit(event, definitions));
  for (const session of together(visits)) {
    const from = session.findIndex(begins);
    const [first, ...others] = session.slice(Math.max(0, from));
    if (from < 0 || first === undefined || first.ts <= anchoredAfter) continue;
    const own = [first, ...others];
    const lastMs = Math.max(...own.map(({ ts }) => ts));
    const endMs = [lastMs + GAP_MS, ...midnightsAfter(lastMs, visits)].reduce((a, b) => Math.min(a, b));
    const within = timeline.filter(({ type, ts }) => definitions.conversions.includes(type) && ts >= first.ts && ts < endMs);
    const converts = within.length > 0;
    const viewed = own.filter(({ type }) => type === 'page');
    const engagedMs = own.reduce((sum, event) => sum + engagedOf(event), 0);
    const day = new Date(first.ts).toISOString().slice(0, 10);
    const where = (event: Event) => [naivePage(event.page, definitions.web?.pages), String(event.properties?.['layout'])];
    const isBounce = viewed.length < 2 && engagedMs < 10_000 && !converts;
    const entry = [day, ...where(first), first.channel ?? '(none)', first.campaign ?? '(none)'];
    for (const event of within.filter(counts))
      add('sessionValues', [...entry, event.currency ?? '(none)'], [1n, BigInt(event.value ?? 0)]);
    add('sessions', entry, [1, isBounce ? 1 : 0, viewed.length, lastMs - first.ts, engagedMs, converts ? 1 : 0].map(BigInt));
    add('exits', [day, ...where(viewed.at(-1) ?? first)], [1n]);
  }
}

function isVisit({ type, properties }: Event, { web }: Pick<Definitions, 'web'>): boolean {
  const { viewId, layout, bot } = (properties ?? {}) as Readonly<Record<string, unknown>>;
  return (
    web !== undefined &&
    ['page', 'click', 'link', 'form', 'activity'].includes(type) &&
    typeof viewId === 'string' &&
    [0, 576, 992, 1440].includes(layout as number) &&
    typeof bot !== 'string'
  );
}

function begins({ type, properties }: Event): boolean {
  if (type === 'page' || type === 'link') return true;
  return (DEEDS[type] ?? []).includes(type === 'click' ? properties?.['kind'] : properties?.['action']);
}

function engagedOf({ type, properties }: Event): number {
  const ms = properties?.['engagedMs'];
  return type === 'activity' && typeof ms === 'number' && ms % 1 === 0 && ms >= 0 && ms <= 60_000 ? ms : 0;
}

/** Visits with less than a gap between neighbours, and no midnight that cuts. */
function together(visits: readonly Event[]): Event[][] {
  const sessions: Event[][] = [];
  for (const [i, visit] of visits.entries()) {
    const before = visits[i - 1];
    const isNew =
      before === undefined ||
      visit.ts - before.ts >= GAP_MS ||
      midnightsAfter(before.ts, visits).some((midnight) => midnight <= visit.ts);
    if (isNew) sessions.push([]);
    (sessions.at(-1) as Event[]).push(visit);
  }
  return sessions;
}

/** The next midnight, if its visitor made no pause on all of the day before it, as far as this instant. */
function midnightsAfter(ts: number, visits: readonly Event[]): number[] {
  const dayMs = ts - (((ts % DAY_MS) + DAY_MS) % DAY_MS);
  const until = visits.filter((visit) => visit.ts <= ts).map((visit) => visit.ts);
  let reachedMs = ts;
  for (const earlier of until.reverse()) if (reachedMs > dayMs && reachedMs - earlier < GAP_MS) reachedMs = earlier;
  return reachedMs <= dayMs ? [dayMs + DAY_MS] : [];
}
