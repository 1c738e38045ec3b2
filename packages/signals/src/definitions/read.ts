/** From what people write to definitions that can be evaluated. */

import { canonicalJson } from '@tributary/model/canonical-json';
import type { DerivedSections } from '@tributary/model/definitions';
import { isByDay } from '@tributary/model/segment-days';
import { DAY_MS } from '@tributary/model/time';
import type { z } from 'zod';
import {
  type BeginOf,
  beginOf,
  beginOfSession,
  evaluateAggregate,
  evaluateRatio,
  hopOf,
  type SessionOfWindow,
} from '../kinds/aggregates.ts';
import { evaluateEvents } from '../kinds/events.ts';
import { type Conditions, evaluateSegment } from '../kinds/segments.ts';
import { BEFORE_SESSION_MS, evaluateSessions, OPEN_WITHIN_MS, SESSION_ENDS_MS, SHOWN_OF_SESSIONS } from '../kinds/sessions.ts';
import type { ReadFields } from '../line-reader.ts';
import type {
  AggregateDefinition,
  EventsDefinition,
  Measure,
  RatioDefinition,
  RatioPart,
  ResolvedDefinition,
  SegmentDefinition,
  Selector,
  SessionDefinition,
  SessionEndsDefinition,
  TimeWindow,
  Window,
} from '../resolved.ts';
import type { Evaluate } from '../value.ts';
import { type Checks, type Condition, createCompiler, type Path } from './compiler.ts';
import { demandLookedAt } from './counts.ts';
import { durationMs, durationText } from './duration.ts';
import { joinOf } from './read-join.ts';
import { read, refusedAt } from './refuse.ts';
import {
  LONGEST_GAP_MS,
  MOST_BY_DAY,
  MOST_DEFINITIONS,
  Name,
  Segment,
  Session,
  SIGNAL_KINDS,
  SIGNALS,
  type SignalKind,
} from './schema.ts';
import { type EventSelection, eitherTypes, selected, typesOf } from './selected.ts';

type Section = Readonly<Record<string, unknown>>;

export interface SignalDefinition {
  readonly name: string;
  readonly kind: ResolvedDefinition['kind'];
  /** First 12 hex digits of the SHA-256 of all that its values follow. */
  readonly version: string;
  readonly resolved: ResolvedDefinition;
  /** The fields of `properties` that it names, with where they come from. */
  readonly fields: Section;
  /** How far before asOf an event may matter, ms. */
  readonly reachMs: number;
  /** The event types that it looks at; null: all. */
  readonly types: readonly string[] | null;
  /** The same to the event: one that none of these selects changes no value. */
  readonly looksAt: readonly EventSelection[];
  /** What it looks at of each event, beside `ts` and `type`. */
  readonly reads: ReadFields;
  readonly evaluate: Evaluate;
  /** What of events the episodes of a segment follow, or those of a session whose ends are sent out. */
  readonly segment?: SegmentParts;
  /** Members of the segment are counted by day, over all users. */
  readonly byDay?: true;
}

/** `types`: events of others do nothing to it; null: any may. */
export interface SegmentParts {
  readonly definition: SegmentDefinition | SessionEndsDefinition;
  readonly conditions: Conditions;
  readonly types: ReadonlySet<string> | null;
}

/** By name. */
export type SignalSet = ReadonlyMap<string, SignalDefinition>;

/** `retainedMs`: for how long records keep all events. Throws `invalid_definitions` that names the place. */
export function readSignals(sections: DerivedSections, retainedMs: number, sha256Hex: (text: string) => string): SignalSet {
  const checksOf = createCompiler(sections.fields, retainedMs);
  demandNames(sections);
  const define = (name: string, { resolved, depends, ...made }: Made, checks: Checks): SignalDefinition => {
    const fields = checks.taken();
    const version = sha256Hex(canonicalJson({ ...resolved, fields, depends: depends ?? null })).slice(0, 12);
    return { name, kind: resolved.kind, version, resolved, fields, reads: checks.reads(), ...made };
  };
  const sessions = new Map<string, SessionRead>();
  const defined: SignalDefinition[] = [];
  for (const [name, raw] of Object.entries(sections.sessions)) {
    const checks = checksOf();
    const session = sessionOf(raw, ['sessions', name], checks);
    const definition = define(name, session.made, checks);
    defined.push(definition);
    sessions.set(name, { ...session, version: definition.version });
  }
  for (const [name, raw] of Object.entries(sections.signals)) {
    const checks = checksOf();
    defined.push(define(name, signalOf(raw, ['signals', name], checks, sessions), checks));
  }
  demandFewByDay(sections.segments);
  for (const [name, raw] of Object.entries(sections.segments)) {
    const checks = checksOf();
    defined.push(define(name, segmentOf(raw, ['segments', name], checks), checks));
  }
  return new Map(defined.map((definition) => [definition.name, definition]));
}

/** They are asked for by name, whatever section they stand in. */
function demandNames({ signals, sessions, segments }: DerivedSections): void {
  const seen = new Set<string>();
  for (const [section, names] of Object.entries({ signals, sessions, segments }))
    for (const name of Object.keys(names)) {
      read(Name, name, [section, name]);
      if (seen.has(name))
        throw refusedAt(
          [section, name],
          'have a name of its own among signals, sessions and segments',
          JSON.stringify(name),
          'Rename it',
        );
      seen.add(name);
    }
  if (seen.size > MOST_DEFINITIONS)
    throw refusedAt(['signals'], `be at most ${MOST_DEFINITIONS} with sessions and segments`, `${seen.size}`, 'Remove some');
}

/** A definition without its name. */
type Made = Pick<SignalDefinition, 'resolved' | 'reachMs' | 'types' | 'looksAt' | 'evaluate' | 'segment' | 'byDay'> & {
  /** What else its values follow. */
  readonly depends?: unknown;
};

interface SessionRead extends SessionOfWindow {
  readonly selection: EventSelection;
  readonly made: Made;
  /** Fields that its condition reads, by their names. */
  readonly reads: readonly string[];
  readonly version?: string;
}

function sessionOf(raw: unknown, path: Path, checks: Checks): SessionRead {
  const { gap, where = null, keep, ends = false } = read(Session, raw, path);
  const gapMs = durationMs(gap);
  if (gapMs > LONGEST_GAP_MS) throw refusedAt([...path, 'gap'], 'be at most 12h', JSON.stringify(gap));
  const longestMs = checks.retainedMs - BEFORE_SESSION_MS;
  const ageMs = keep.age === undefined ? Math.min(30 * DAY_MS, Math.max(1, longestMs)) : durationMs(keep.age);
  const resolved: SessionDefinition = { kind: 'session', of: { types: null, where }, gapMs, count: keep.count, ageMs };
  const reachMs = ageMs + BEFORE_SESSION_MS;
  checks.demandKept(
    reachMs,
    [...path, 'keep', 'age'],
    'Sessions need 2d more than their age: shorten it, or raise signalRetention.days',
  );
  const { selection, select } = selected(resolved.of, [...path, 'where'], checks);
  const reads = checks.read();
  checks.alsoRead(SHOWN_OF_SESSIONS);
  const evaluate = evaluateSessions(resolved, select);
  const segment = ends ? endsOf(resolved, path, checks) : null;
  const made = { resolved, reachMs, types: null, looksAt: [selection], evaluate, ...(segment !== null && { segment }) };
  return { made, definition: resolved, selection, select, reads };
}

/** Begun by any event that the session is of. */
function endsOf({ of: { where }, gapMs }: SessionDefinition, path: Path, checks: Checks): SegmentParts {
  checks.demandKept(SESSION_ENDS_MS, [...path, 'ends'], 'Raise signalRetention.days, or leave it out');
  const { holds, types } = where === null ? { holds: () => true, types: null } : checks.condition(where, [...path, 'where']);
  const definition: SessionEndsDefinition = { kind: 'session', gapMs, absence: null, retainedMs: SESSION_ENDS_MS };
  return { definition, conditions: { enter: holds, refresh: null, exit: null, not: null }, types };
}

function segmentOf(raw: unknown, path: Path, checks: Checks): Made {
  const { enter, refresh = null, ttl, exit = null, absence, byDay = false, keep } = read(Segment, raw, path);
  const { retainedMs } = checks;
  const forMs = absence === undefined ? 0 : durationMs(absence.for);
  if (absence !== undefined && refresh !== null)
    throw refusedAt(
      [...path, 'refresh'],
      'be left out beside "absence": each event that enters begins the count again',
      JSON.stringify(refresh),
    );
  if (forMs >= retainedMs) checks.demandKept(forMs + 1, [...path, 'absence', 'for']);
  const ttlMs = ttl === undefined ? retainedMs - forMs : durationMs(ttl);
  checks.demandKept(forMs + ttlMs, [...path, 'ttl']);
  const resolved: SegmentDefinition = {
    kind: 'segment',
    enter,
    refresh,
    exit,
    absence: absence === undefined ? null : { not: absence.not, forMs },
    ttlMs,
    episodes: keep.episodes,
    retainedMs,
  };
  const at = (key: string, text: string | null) => (text === null ? null : checks.condition(text, [...path, ...key.split('.')]));
  const given = {
    enter: at('enter', enter) as Condition,
    refresh: at('refresh', refresh),
    exit: at('exit', exit),
    not: at('absence.not', absence?.not ?? null),
  };
  if (byDay) demandByDay(Object.values(given), { refresh, longestMs: forMs + ttlMs }, path, checks);
  const conditions = {
    enter: given.enter.holds,
    refresh: given.refresh?.holds ?? null,
    exit: given.exit?.holds ?? null,
    not: given.not?.holds ?? null,
  };
  const types = typesOfAny(Object.values(given));
  const evaluate = evaluateSegment(resolved, conditions, types);
  const segment = { definition: resolved, conditions, types };
  const looksAt = Object.values(given).flatMap((one) => (one === null ? [] : [{ types: null, where: one.term }]));
  return { resolved, reachMs: retainedMs, types: null, looksAt, evaluate, segment, ...(byDay && { byDay }) };
}

/** What a day needs to know of a user: rows of a day are of events around it, in both layers. */
function demandByDay(
  conditions: readonly (Condition | null)[],
  { refresh, longestMs }: { readonly refresh: string | null; readonly longestMs: number },
  path: Path,
  checks: Checks,
): void {
  const at = [...path, 'byDay'];
  if (refresh !== null)
    throw refusedAt(at, 'be left out beside "refresh"', 'both', 'Leave one of them out, or prolong it with what enters');
  checks.demandKept(
    2 * longestMs,
    at,
    'Members by day need records of twice "ttl" and "absence.for" together: name a shorter "ttl", or raise signalRetention.days',
  );
  for (const condition of conditions) if (condition !== null) demandLookedAt(condition.term, at);
}

function demandFewByDay(segments: Section): void {
  const byDay = Object.entries(segments).filter(([, written]) => isByDay(written));
  const [name] = byDay[MOST_BY_DAY] ?? [];
  if (name === undefined) return;
  throw refusedAt(
    ['segments', name, 'byDay'],
    `be said of at most ${MOST_BY_DAY} segments`,
    `${byDay.length}`,
    'Leave it out of some',
  );
}

/** null: any. */
function typesOfAny(conditions: readonly (Condition | null)[]): ReadonlySet<string> | null {
  const each = conditions.flatMap((condition) => (condition === null ? [] : [condition.types]));
  return each.includes(null) ? null : new Set(each.flatMap((types) => [...(types ?? [])]));
}

function signalOf(raw: unknown, path: Path, checks: Checks, sessions: ReadonlyMap<string, SessionRead>): Made {
  const kind = kindOf(raw, path);
  if (kind === 'type') return eventsOf(raw, path, checks);
  if (kind === 'join') return joinOf(raw, path, checks);
  if (kind === 'ratio') return ratioOf(raw, path, checks, sessions);
  const written = read(SIGNALS[kind] as z.ZodType<Aggregate>, raw, path);
  const { argument, field } = argumentOf(written[kind] as string | string[], kind, [...path, kind], checks);
  const { window, begin, types, beginsAt, ...reach } = windowOf(written, path, checks, sessions);
  const of = { types: argument, where: written.where ?? null };
  const resolved: AggregateDefinition = {
    kind: 'aggregate',
    measure: kind,
    of,
    field: field?.name ?? null,
    window,
    ...(written.k !== undefined && { k: written.k }),
    ...(written.halfLife !== undefined && { halfLifeMs: durationMs(written.halfLife) }),
  };
  const { selection, select } = selected(of, [...path, 'where'], checks);
  const evaluate = evaluateAggregate(resolved, begin, select, field?.field ?? null);
  return { resolved, types: types === 'all' ? null : argument, looksAt: [selection, ...beginsAt], evaluate, ...reach };
}

/** What aggregates have beside the key that says their measure. */
type Aggregate = {
  readonly where?: string;
  readonly k?: number;
  readonly halfLife?: string;
} & Windowed &
  Partial<Record<Measure, string | string[]>>;

interface Windowed {
  readonly window: string | { readonly tumbling: string } | { readonly session: string };
  readonly accuracy?: 'exact' | 'sawtooth' | undefined;
}

function kindOf(raw: unknown, path: Path): SignalKind {
  const keys = typeof raw === 'object' && raw !== null ? Object.keys(raw) : [];
  const kinds = SIGNAL_KINDS.filter((key) => keys.includes(key));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1)
    throw refusedAt(
      path,
      `have one of the keys ${SIGNAL_KINDS.join(', ')}`,
      kinds.length > 1 ? kinds.join(' and ') : keys.join(', ') || 'none',
    );
  return kind;
}

function eventsOf(raw: unknown, path: Path, checks: Checks): Made {
  const { type, where = null, fields, keep } = read(SIGNALS.type, raw, path);
  const ageMs = keep.age === undefined ? checks.retainedMs : durationMs(keep.age);
  checks.demandKept(ageMs, [...path, 'keep', 'age']);
  const of = { types: typesOf(type), where };
  const resolved: EventsDefinition = { kind: 'events', of, fields, count: keep.count, ageMs };
  const { selection, select } = selected(of, [...path, 'where'], checks);
  const readers = fields.map((name, i) => [name, checks.field(name, [...path, 'fields', i])] as const);
  const evaluate = evaluateEvents(resolved, select, readers);
  return { resolved, reachMs: ageMs, types: of.types, looksAt: [selection], evaluate };
}

function ratioOf(raw: unknown, path: Path, checks: Checks, sessions: ReadonlyMap<string, SessionRead>): Made {
  const { ratio, ...written } = read(SIGNALS.ratio, raw, path);
  const { window, begin, types, beginsAt, ...reach } = windowOf(written, path, checks, sessions);
  const part = (key: 'of' | 'to') => {
    const given = ratio[key];
    const measure = 'count' in given ? 'count' : 'sum';
    const at = [...path, 'ratio', key];
    const { argument, field } = argumentOf('count' in given ? given.count : given.sum, measure, [...at, measure], checks);
    const of: Selector = { types: argument, where: given.where ?? null };
    const { selection, select } = selected(of, [...at, 'where'], checks);
    const resolved: RatioPart = { measure, of, field: field?.name ?? null };
    return { resolved, selection, select, field: field?.field ?? null };
  };
  const [of, to] = [part('of'), part('to')];
  const resolved: RatioDefinition = { kind: 'ratio', of: of.resolved, to: to.resolved, window };
  const [a, b] = [of.resolved.of.types, to.resolved.of.types];
  const both = types === 'all' ? null : eitherTypes(a, b);
  const looksAt = [of.selection, to.selection, ...beginsAt];
  return { resolved, types: both, looksAt, evaluate: evaluateRatio(begin, of, to), ...reach };
}

/** Measures of events name types; those of values a type and a field, which the last period parts. */
function argumentOf(given: string | string[], measure: Measure, path: Path, checks: Checks) {
  if (OF_EVENTS.has(measure)) return { argument: typesOf(given), field: null };
  const text = given as string;
  const end = text.lastIndexOf('.');
  const name = text.slice(end + 1);
  const field = checks.field(name, path);
  if (!OF_ANY_VALUE.has(measure) && field.type !== 'integer' && field.type !== 'number')
    throw refusedAt(path, 'name a field of type integer or number', `${name}: ${field.type}`);
  return { argument: typesOf(text.slice(0, end)), field: { name, field } };
}

const OF_EVENTS: ReadonlySet<Measure> = new Set(['count', 'timeSince', 'decayedCount']);
const OF_ANY_VALUE: ReadonlySet<Measure> = new Set(['first', 'last', 'distinct', 'mostFrequent', 'top']);

interface WindowRead {
  readonly window: Window;
  readonly begin: BeginOf;
  readonly reachMs: number;
  /** 'all': where it begins depends on events of any type. */
  readonly types: 'all' | 'own';
  /** Events on which it depends where it begins. */
  readonly beginsAt: readonly EventSelection[];
  readonly depends?: unknown;
}

function windowOf(
  { window: given, accuracy }: Windowed,
  path: Path,
  checks: Checks,
  sessions: ReadonlyMap<string, SessionRead>,
): WindowRead {
  const at = [...path, 'window'];
  if (accuracy === 'sawtooth') return sawtoothOf(given, path, checks);
  if (typeof given === 'object' && 'session' in given) {
    const session = sessions.get(given.session);
    if (session === undefined)
      throw refusedAt(
        [...at, 'session'],
        `be a name under "sessions": ${[...sessions.keys()].join(', ') || 'it is empty'}`,
        JSON.stringify(given.session),
      );
    const reachMs = OPEN_WITHIN_MS + BEFORE_SESSION_MS;
    checks.alsoRead(session.reads);
    checks.demandKept(reachMs, [...at, 'session'], 'Raise signalRetention.days');
    const window = { kind: 'session', session: given.session } as const;
    return {
      window,
      begin: beginOfSession(session),
      reachMs,
      types: 'all',
      beginsAt: [session.selection],
      depends: session.version,
    };
  }
  const ms = given === 'retained' ? checks.retainedMs : durationMs(typeof given === 'string' ? given : given.tumbling);
  checks.demandKept(ms, at);
  return timed({ kind: typeof given === 'string' ? 'sliding' : 'tumbling', ms }, ms);
}

function sawtoothOf(given: Windowed['window'], path: Path, checks: Checks): WindowRead {
  if (typeof given !== 'string' || given === 'retained')
    throw refusedAt(
      [...path, 'accuracy'],
      'be exact, or stand beside a window that is a duration such as 7d',
      `"sawtooth" beside ${JSON.stringify(given)}`,
      'Leave it out, or write such a window',
    );
  const ms = durationMs(given);
  const hopMs = hopOf(ms);
  const fix = `It begins up to ${durationText(hopMs)} earlier, as its accuracy is sawtooth: shorten it, or raise signalRetention.days`;
  checks.demandKept(ms + hopMs, [...path, 'window'], fix);
  return timed({ kind: 'sawtooth', ms, hopMs }, ms + hopMs);
}

function timed(window: TimeWindow, reachMs: number): WindowRead {
  return { window, begin: beginOf(window), reachMs, types: 'own', beginsAt: [] };
}
