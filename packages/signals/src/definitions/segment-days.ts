/** The segments whose members definitions count by day, as functions of an event: checked once for all who ask. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { isByDay } from '@tributary/model/segment-days';
import type { Predicate } from '../expressions/function.ts';
import type { Term } from '../expressions/term.ts';
import { type Condition, createCompiler } from './compiler.ts';
import { durationMs } from './duration.ts';
import { read } from './refuse.ts';
import { Segment } from './schema.ts';

export interface DaySegment {
  readonly name: string;
  /** The version of its rows: it changes with all that these follow. */
  readonly version: string;
  /** On the event as it was sent. Several: any of them. */
  readonly enters: Term;
  readonly exits: readonly Term[];
  readonly isEntered: Predicate;
  readonly isExited: readonly Predicate[];
  /** How long after it entered who is absent is in; null: who enters is in at once. */
  readonly forMs: number | null;
  readonly ttlMs: number;
}

export interface DaySegments {
  /** In order of their names: at the place of each an event has what it is to it (packages/views/src/segment-days/marks.ts). */
  readonly all: readonly DaySegment[];
  /** The types of events that may be something to one; null: any. */
  readonly types: ReadonlySet<string> | null;
  /** The longest that one goes on after an event; 0 without one. */
  readonly longestMs: number;
}

const NOTHING: DaySegments = { all: [], types: new Set(), longestMs: 0 };
const compiled = new WeakMap<Definitions, DaySegments>();

/** Definitions were checked before (read.ts). */
export function daySegmentsOf(definitions: Definitions): DaySegments {
  if (definitions.segmentDayVersions.size === 0) return NOTHING;
  let known = compiled.get(definitions);
  if (known === undefined) compiled.set(definitions, (known = compile(definitions)));
  return known;
}

/** Whether an event of this type may be something to one of them: then it must be given whole. */
export function mayBeOfSegmentDays(type: string, definitions: Definitions): boolean {
  if (definitions.segmentDayVersions.size === 0) return false;
  const { types } = daySegmentsOf(definitions);
  return types === null || types.has(type);
}

export function enters({ isEntered }: DaySegment, sent: Event): boolean {
  return isEntered(sent);
}

export function exits({ isExited }: DaySegment, sent: Event): boolean {
  return isExited.some((holds) => holds(sent));
}

function compile({ derived, segmentDayVersions }: Definitions): DaySegments {
  const checksOf = createCompiler(derived?.fields ?? {}, 0);
  const written = Object.entries(derived?.segments ?? {}).filter(([, one]) => isByDay(one));
  const conditions: Condition[] = [];
  const all = written
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, raw]): DaySegment => {
      const at = ['segments', name];
      const { enter, exit, absence, ttl } = read(Segment, raw, at);
      const checks = checksOf();
      const condition = (text: string) => checks.condition(text, at);
      const entering = condition(enter);
      const exiting = [exit, absence?.not].flatMap((text) => (text === undefined ? [] : [condition(text)]));
      conditions.push(entering, ...exiting);
      return {
        name,
        version: segmentDayVersions.get(name) as string,
        enters: entering.term,
        exits: exiting.map(({ term }) => term),
        isEntered: entering.holds,
        isExited: exiting.map(({ holds }) => holds),
        forMs: absence === undefined ? null : durationMs(absence.for),
        ttlMs: durationMs(ttl as string),
      };
    });
  const types = conditions.some((one) => one.types === null)
    ? null
    : new Set(conditions.flatMap((one) => [...(one.types ?? [])]));
  return { all, types, longestMs: Math.max(...all.map(({ forMs, ttlMs }) => (forMs ?? 0) + ttlMs)) };
}
