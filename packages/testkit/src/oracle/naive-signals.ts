/**
 * The oracle of signals: what a definition says of a user at an instant. Slow loops that share nothing with the real computation but the shape
 * of definitions. Expressions are evaluated by the CEL library itself, segments and sessions are looked at millisecond by millisecond (in
 * steps that the caller names), and numbers are exact fractions.
 */
import type { Event } from '@tributary/model/event';
import type {
  AggregateDefinition,
  RatioPart,
  ResolvedDefinition,
  SegmentDefinition,
  Selector,
  SessionDefinition,
  Window,
} from '@tributary/signals/resolved';
import { fieldValue, holds, type NaiveFields, selects } from './naive-fields.ts';
import { naiveJoin } from './naive-join.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface NaiveQuestion {
  readonly definition: ResolvedDefinition;
  readonly fields: NaiveFields;
  /** Those that windows name. */
  readonly sessions: Readonly<Record<string, SessionDefinition>>;
  /** All instants of events, all durations and asOf are multiples of it. */
  readonly stepMs: number;
}

/** `events`: in the order of their arrival, with duplicates. */
export function naiveValue(question: NaiveQuestion, events: readonly Event[], asOfMs: number): unknown {
  const { definition, fields, stepMs } = question;
  const seen = timeline(events).filter(({ ts }) => ts < asOfMs);
  const pick = (selector: Selector) => seen.filter((event) => selects(selector, event, fields));
  if (definition.kind === 'segment') return segment(definition, seen, fields, asOfMs, stepMs);
  if (definition.kind === 'session')
    return sessions(definition, pick(definition.of))
      .filter(({ own }) => (own[0] as Event).ts >= asOfMs - definition.ageMs)
      .reverse()
      .slice(0, definition.count)
      .map((one) => sessionItem(one, asOfMs));
  if (definition.kind === 'events')
    return pick(definition.of)
      .filter(({ ts }) => ts >= asOfMs - definition.ageMs)
      .reverse()
      .slice(0, definition.count)
      .map((event) => ({
        ts: event.ts,
        ...Object.fromEntries(definition.fields.map((name) => [name, fieldValue(event, name, fields) ?? null])),
      }));
  if (definition.kind === 'join') return naiveJoin(definition, pick, fields, asOfMs);
  const from = begin(definition.window, question, seen, fields, asOfMs);
  const inWindow = (selector: Selector) => pick(selector).filter(({ ts }) => ts >= from);
  if (definition.kind === 'aggregate') return aggregate(definition, inWindow(definition.of), fields, asOfMs);
  const [of, to] = [definition.of, definition.to].map((part) => amount(part, inWindow(part.of), fields)) as [Fraction, Fraction];
  return to.above === 0n ? null : sixDecimals({ above: of.above * to.below, below: of.below * to.above });
}

function timeline(events: readonly Event[]): Event[] {
  const first = events.filter((event, i) => events.findIndex(({ id }) => id === event.id) === i);
  return first.sort((a, b) => (a.ts === b.ts ? (a.id < b.id ? -1 : 1) : a.ts < b.ts ? -1 : 1));
}

function begin(window: Window, question: NaiveQuestion, seen: readonly Event[], fields: NaiveFields, asOfMs: number): number {
  if (window.kind === 'sawtooth') return sawtoothBegin(asOfMs - window.ms, window.ms / HOUR);
  if (window.kind !== 'session') return asOfMs - (window.kind === 'sliding' ? window.ms : asOfMs % window.ms);
  const definition = question.sessions[window.session] as SessionDefinition;
  const newest = sessions(
    definition,
    seen.filter((event) => selects(definition.of, event, fields)),
  ).at(-1);
  return newest !== undefined && newest.to > asOfMs ? (newest.own[0] as Event).ts : asOfMs;
}

/** By the table of Chronon: whole days for windows of 12 days and more, whole hours from 12 hours on, else whole five minutes. */
function sawtoothBegin(at: number, hours: number): number {
  const past = at % (hours < 12 ? HOUR / 12 : hours < 12 * 24 ? HOUR : DAY);
  return at - past;
}

interface Fraction {
  readonly above: bigint;
  readonly below: bigint;
}

/** What a double is, to the last bit, rounded to millionths. */
function millionths(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const mantissa = (bits & ((1n << 52n) - 1n)) | (exponent === 0 ? 0n : 1n << 52n);
  const shift = BigInt(1_075 - Math.max(1, exponent));
  const rounded = shift <= 0n ? (mantissa << -shift) * 1_000_000n : (mantissa * 1_000_000n * 2n + (1n << shift)) >> (shift + 1n);
  return value < 0 ? -rounded : rounded;
}

function sixDecimals({ above, below }: Fraction): number {
  const isBelowZero = above < 0n !== below < 0n;
  const [a, b] = [above < 0n ? -above : above, below < 0n ? -below : below];
  let whole = (a * 1_000_000n) / b;
  if (((a * 1_000_000n) % b) * 2n >= b) whole += 1n;
  const digits = whole.toString().padStart(7, '0');
  const value = Number(`${digits.slice(0, -6)}.${digits.slice(-6)}`);
  return value === 0 ? 0 : isBelowZero ? -value : value;
}

function amount(
  { measure, field }: Pick<RatioPart, 'measure' | 'field'>,
  events: readonly Event[],
  fields: NaiveFields,
): Fraction {
  if (measure === 'count') return { above: BigInt(events.length), below: 1n };
  return exactSum(field as string, events, fields);
}

function exactSum(field: string, events: readonly Event[], fields: NaiveFields): Fraction {
  const inMillionths = fields[field]?.type === 'number';
  let above = 0n;
  for (const value of numbers(field, events, fields)) above += inMillionths ? millionths(value) : BigInt(value);
  return { above, below: inMillionths ? 1_000_000n : 1n };
}

function numbers(field: string, events: readonly Event[], fields: NaiveFields): number[] {
  return events.map((event) => fieldValue(event, field, fields)).filter((value) => typeof value === 'number');
}

function aggregate(
  { measure, field, k = 0, halfLifeMs = 1 }: AggregateDefinition,
  events: readonly Event[],
  fields: NaiveFields,
  asOfMs: number,
): unknown {
  const values =
    field === null ? [] : events.map((event) => fieldValue(event, field, fields)).filter((value) => value !== undefined);
  const sum = () => exactSum(field as string, events, fields);
  const whole = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
  switch (measure) {
    case 'count':
      return events.length;
    case 'sum': {
      const exact = sum();
      return exact.below === 1n ? whole(exact.above) : sixDecimals(exact);
    }
    case 'min':
      return values.length === 0 ? null : values.toSorted((a, b) => Number(a) - Number(b))[0];
    case 'max':
      return values.length === 0 ? null : values.toSorted((a, b) => Number(b) - Number(a))[0];
    case 'mean':
      return values.length === 0 ? null : sixDecimals({ above: sum().above, below: sum().below * BigInt(values.length) });
    case 'variance': {
      if (values.length === 0) return null;
      // The mean of the squared distances from the mean, as fractions.
      const [n, { below }] = [BigInt(values.length), sum()];
      const units = (values as number[]).map((value) => (below === 1n ? BigInt(value) : millionths(value)));
      const squares = units.reduce((all, unit) => all + (unit * n - sum().above) ** 2n, 0n);
      return sixDecimals({ above: squares, below: n ** 3n * below ** 2n });
    }
    case 'first':
      return values[0] ?? null;
    case 'last':
      return values.at(-1) ?? null;
    case 'distinct':
      return values.filter((value, i) => values.indexOf(value) === i).length;
    case 'mostFrequent':
      return ranking(events, field as string, fields)[0]?.value ?? null;
    case 'top':
      return ranking(events, field as string, fields).slice(0, k);
    case 'timeSince':
      return events.length === 0 ? null : asOfMs - (events.at(-1) as Event).ts;
    case 'decayedCount':
    case 'decayedSum': {
      let above = 0n;
      for (const event of events) {
        const one = measure === 'decayedCount' ? { above: 1n } : exactSum(field as string, [event], fields);
        above += one.above * weight(asOfMs - event.ts, halfLifeMs);
      }
      return sixDecimals({ above, below: 2n ** 30n * (measure === 'decayedCount' ? 1n : sum().below) });
    }
  }
}

/** 2⁻ of the age in half-lives, in steps of 1/1024 of one, as 30 binary digits. */
function weight(ageMs: number, halfLifeMs: number): bigint {
  const steps = (BigInt(ageMs) * 1_024n) / BigInt(halfLifeMs);
  return BigInt(Math.round(2 ** (30 - Number(steps % 1_024n) / 1_024))) / 2n ** (steps / 1_024n);
}

function ranking(events: readonly Event[], field: string, fields: NaiveFields) {
  const found = events.flatMap((event) => {
    const value = fieldValue(event, field, fields);
    return value === undefined ? [] : [{ value, ts: event.ts }];
  });
  const each = found.filter(({ value }, i) => found.findIndex((one) => one.value === value) === i).map(({ value }) => value);
  const about = (value: unknown) => found.filter((one) => one.value === value);
  return each
    .toSorted((a, b) => {
      const [x, y] = [about(a), about(b)];
      if (x.length !== y.length) return y.length - x.length;
      const [newestX, newestY] = [Math.max(...x.map(({ ts }) => ts)), Math.max(...y.map(({ ts }) => ts))];
      return newestX === newestY ? Buffer.compare(Buffer.from(`${a}`), Buffer.from(`${b}`)) : newestY - newestX;
    })
    .map((value) => ({ value, count: about(value).length }));
}

interface NaiveSession {
  readonly own: Event[];
  readonly to: number;
}

/** Among all events that ever were: each pair of neighbours is looked at by itself. */
function sessions({ gapMs }: SessionDefinition, events: readonly Event[]): NaiveSession[] {
  /** Whether every instant of `[from, to)` is less than a gap behind an event, without a pause up to `to`. */
  const covers = (from: number, to: number) => {
    const before = events.filter(({ ts }) => ts <= from);
    const chain = [...before.slice(-1), ...events.filter(({ ts }) => ts > from && ts < to)];
    return (
      before.length > 0 &&
      chain.every(
        (event, i) => (chain[i + 1]?.ts ?? to) - event.ts < gapMs || (chain[i + 1] === undefined && to - event.ts < gapMs),
      )
    );
  };
  const midnights = new Set(events.flatMap(({ ts }) => [0, 1].map((days) => (Math.floor(ts / DAY) + days) * DAY)));
  const cuts = [...midnights].filter((at) => covers(at - DAY, at)).sort((a, b) => a - b);
  const found: NaiveSession[] = [];
  for (const event of events) {
    const last = found.at(-1);
    const previous = last?.own.at(-1);
    const isCut =
      previous === undefined || event.ts - previous.ts >= gapMs || cuts.some((at) => previous.ts < at && at <= event.ts);
    if (isCut) found.push({ own: [event], to: 0 });
    else last?.own.push(event);
  }
  return found.map(({ own }) => {
    const last = (own.at(-1) as Event).ts;
    return { own, to: Math.min(last + gapMs, ...cuts.filter((at) => at > last)) };
  });
}

function sessionItem({ own, to }: NaiveSession, asOfMs: number): unknown {
  const [first, last] = [own[0] as Event, own.at(-1) as Event];
  const pages = own.flatMap(({ page }) => (page === undefined ? [] : [page]));
  return {
    from: first.ts,
    last: last.ts,
    to,
    open: asOfMs < to,
    durationMs: last.ts - first.ts,
    events: own.length,
    entryPage: pages[0] ?? null,
    exitPage: pages.at(-1) ?? null,
    channel: own.flatMap(({ channel }) => channel ?? [])[0] ?? null,
    campaign: own.flatMap(({ campaign }) => campaign ?? [])[0] ?? null,
  };
}

interface Walk {
  readonly from: number;
  readonly asOfMs: number;
  readonly stepMs: number;
  readonly startsInside: boolean;
}

interface World {
  readonly episodes: { from: number; to: number }[];
  open: { from: number; to: number } | null;
}

/** Step by step through two worlds: one where the user was not a member before the retention, one where they had entered just before it. */
function segment(
  definition: SegmentDefinition,
  events: readonly Event[],
  fields: NaiveFields,
  asOfMs: number,
  stepMs: number,
): unknown {
  const { absence, retainedMs, episodes: most } = definition;
  const from = asOfMs - retainedMs;
  const seen = events.filter(({ ts }) => ts >= from);
  const [outside, inside] = [false, true].map((startsInside) => {
    const at = { from, asOfMs, stepMs, startsInside };
    if (absence !== null) return absenceWorld(definition, absence, seen, fields, at);
    return presenceWorld(definition, seen, fields, at);
  }) as [World, World];
  const known = outside.episodes.filter((one) => inside.episodes.some((other) => other.from === one.from && other.to === one.to));
  const { open } = outside;
  return {
    member: open !== null,
    since: open !== null && inside.open?.from === open.from ? open.from : null,
    until: open === null ? null : open.to,
    episodes: known.reverse().slice(0, most),
  };
}

/** Episodes of a user of whom all events are there: those that are over at `asOfMs`, and the one that goes on, with when it ends if nothing more happens. */
export function naiveEpisodes(
  { definition, fields, stepMs }: Omit<NaiveQuestion, 'sessions'> & { readonly definition: SegmentDefinition },
  events: readonly Event[],
  asOfMs: number,
): { readonly from: number; readonly to: number }[] {
  const seen = timeline(events).filter(({ ts }) => ts < asOfMs && ts >= asOfMs - definition.retainedMs);
  const at = { from: asOfMs - definition.retainedMs, asOfMs, stepMs, startsInside: false };
  const { absence } = definition;
  const { episodes, open } =
    absence === null ? presenceWorld(definition, seen, fields, at) : absenceWorld(definition, absence, seen, fields, at);
  return open === null ? episodes : [...episodes, open];
}

function presenceWorld(
  { enter, refresh, exit, ttlMs, retainedMs }: SegmentDefinition,
  events: readonly Event[],
  fields: NaiveFields,
  { from, asOfMs, stepMs, startsInside }: Walk,
): World {
  const world: World = { episodes: [], open: null };
  let [began, entered, refreshed] = startsInside ? [from - 1, from - 1, from - 1] : [Number.NaN, Number.NaN, Number.NaN];
  const until = () => Math.min(refreshed + ttlMs, entered + retainedMs);
  const stop = (at: number) => {
    if (!Number.isNaN(began)) world.episodes.push({ from: began, to: at });
    began = entered = refreshed = Number.NaN;
  };
  for (let now = from; now < asOfMs; now += stepMs) {
    if (!Number.isNaN(began) && now >= until()) stop(until());
    const here = events.filter(({ ts }) => ts === now);
    const happens = (text: string | null) => text !== null && here.some((event) => holds(text, event, fields));
    if (happens(exit)) stop(now);
    if (happens(enter)) {
      if (Number.isNaN(began)) began = now;
      entered = refreshed = now;
    } else if (happens(refresh) && !Number.isNaN(began)) refreshed = now;
  }
  if (!Number.isNaN(began) && until() <= asOfMs) stop(until());
  if (!Number.isNaN(began)) world.open = { from: began, to: until() };
  return world;
}

/** A member at an instant: the last event that entered lies `for` to `for + ttl` back, and nothing after its instant ended it. */
function absenceWorld(
  { enter, exit, ttlMs }: SegmentDefinition,
  { not, forMs }: { readonly not: string; readonly forMs: number },
  events: readonly Event[],
  fields: NaiveFields,
  { asOfMs, stepMs }: Walk,
): World {
  const enters = events.filter((event) => holds(enter, event, fields)).map(({ ts }) => ts);
  const ends = events
    .filter((event) => holds(not, event, fields) || (exit !== null && holds(exit, event, fields)))
    .map(({ ts }) => ts);
  const isMember = (at: number) => {
    const last = Math.max(...enters.filter((ts) => ts <= at));
    return last + forMs <= at && at < last + forMs + ttlMs && !ends.some((ts) => ts > last && ts <= at);
  };
  const world: World = { episodes: [], open: null };
  let began: number | null = null;
  const first = Math.min(...enters);
  for (let now = first; now <= asOfMs; now += stepMs) {
    if (isMember(now)) began ??= now;
    else if (began !== null) {
      world.episodes.push({ from: began, to: now });
      began = null;
    }
  }
  if (began !== null) world.open = { from: began, to: began + ttlMs };
  return world;
}
