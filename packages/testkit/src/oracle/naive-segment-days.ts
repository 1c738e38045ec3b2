/** The oracle of members by day: a user's instants one after the other, their conditions by the CEL library itself. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { sentOf } from './naive-corrections.ts';
import { holds, type NaiveFields } from './naive-fields.ts';

type Add = (view: string, dimensions: readonly string[], measures: readonly bigint[]) => void;

interface NaiveSegment {
  readonly enter: string;
  readonly exit?: string;
  readonly ttl: string;
  readonly absence?: { readonly not: string; readonly for: string };
  readonly byDay?: true;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function ms(text: string): number {
  return Number(text.slice(0, -1)) * (UNIT_MS[text.slice(-1)] as number);
}

/** How long the longest segment goes on after what enters it, ms; 0 where members are not counted by day. */
export function naiveSegmentDaysMs(definitions: Pick<Definitions, 'derived'>): number {
  return Math.max(
    0,
    ...askedBy(definitions).map(([, { ttl, absence }]) => ms(ttl) + (absence === undefined ? 0 : ms(absence.for))),
  );
}

function askedBy({ derived }: Pick<Definitions, 'derived'>): [name: string, segment: NaiveSegment][] {
  const segments = (derived?.segments ?? {}) as Readonly<Record<string, NaiveSegment>>;
  return Object.entries(segments).filter(([, { byDay }]) => byDay);
}

/** `timeline`: the events of a user, in order. Frozen is what hangs on an instant so long before `anchoredAfter` as the longest segment goes on. */
export function naiveSegmentDayRows(timeline: readonly Event[], definitions: Definitions, anchoredAfter: number, add: Add): void {
  const longestMs = naiveSegmentDaysMs(definitions);
  for (const [name, segment] of askedBy(definitions)) {
    const version = definitions.segmentDayVersions.get(name) as string;
    for (const { kind, atMs, anchorMs } of passagesOf(timeline, segment, definitions)) {
      if (anchorMs <= anchoredAfter - longestMs) continue;
      const day = new Date(atMs).toISOString().slice(0, 10);
      add('segmentDays', [day, name, version], kind === 'entered' ? [1n, 0n] : [0n, 1n]);
    }
  }
}

interface Passage {
  readonly kind: 'entered' | 'left';
  readonly atMs: number;
  /** The instant of the user's events that it hangs on. */
  readonly anchorMs: number;
}

function passagesOf(timeline: readonly Event[], segment: NaiveSegment, definitions: Definitions): Passage[] {
  const found: Passage[] = [];
  const { enter, exit, absence } = segment;
  const ttlMs = ms(segment.ttl);
  const instants = [...new Set(timeline.map(({ ts }) => ts))].map((ts) => {
    const own = timeline.filter((event) => event.ts === ts);
    const some = (text: string | undefined) => text !== undefined && own.some((event) => isTrue(text, event, definitions));
    return { ts, enters: some(enter), exits: some(exit) || some(absence?.not) };
  });
  /** When the user entered last, in an event: until when they are in, if nothing more happens. */
  let inside: { readonly enteredMs: number; readonly fromMs: number; readonly toMs: number } | undefined;
  const leave = (atMs: number, anchorMs: number) => {
    if (absence === undefined) found.push({ kind: 'left', atMs, anchorMs });
    else if (inside !== undefined && inside.fromMs < atMs) {
      found.push({ kind: 'entered', atMs: inside.fromMs, anchorMs: inside.enteredMs });
      found.push({ kind: 'left', atMs, anchorMs: inside.enteredMs });
    }
    inside = undefined;
  };
  for (const { ts, enters, exits } of instants) {
    if (!enters && !exits) continue;
    if (inside !== undefined && inside.toMs <= ts) leave(inside.toMs, inside.enteredMs);
    if (inside !== undefined && (exits || absence !== undefined)) leave(ts, ts);
    if (!enters) continue;
    if (inside === undefined && absence === undefined) found.push({ kind: 'entered', atMs: ts, anchorMs: ts });
    const fromMs = ts + (absence === undefined ? 0 : ms(absence.for));
    inside = { enteredMs: ts, fromMs, toMs: fromMs + ttlMs };
  }
  if (inside !== undefined) leave(inside.toMs, inside.enteredMs);
  return found;
}

/** The library takes a while for each condition, and the simulation asks of each event again and again: by the fields as JSON, then by text. */
const known = new WeakMap<Event, Map<string, Map<string, boolean>>>();

function isTrue(text: string, event: Event, definitions: Definitions): boolean {
  const sent = sentOf(event);
  const { fields, json } = fieldsOf(definitions);
  // Not by both as one text: to join them takes longer than to look it up.
  const byFields = known.get(sent) ?? new Map<string, Map<string, boolean>>();
  known.set(sent, byFields);
  const answers = byFields.get(json) ?? new Map<string, boolean>();
  byFields.set(json, answers);
  let answer = answers.get(text);
  if (answer === undefined) {
    answer = holds(text, sent, fields);
    answers.set(text, answer);
  }
  return answer;
}

interface KnownFields {
  readonly fields: NaiveFields;
  readonly json: string;
}

const fieldsByDefinitions = new WeakMap<Definitions, KnownFields>();

function fieldsOf(definitions: Definitions): KnownFields {
  let own = fieldsByDefinitions.get(definitions);
  if (own === undefined) {
    const fields = Object.fromEntries(
      Object.entries(definitions.derived?.fields ?? {}).map(([name, from]) => [
        name,
        typeof from === 'string' ? { from, type: 'text' } : from,
      ]),
    ) as NaiveFields;
    own = { fields, json: JSON.stringify(fields) };
    fieldsByDefinitions.set(definitions, own);
  }
  return own;
}
