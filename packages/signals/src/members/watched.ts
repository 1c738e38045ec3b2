/** The segments of definitions, and the sessions whose ends are sent out, as the speed layer follows them: event by event. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { fieldsWith } from '@tributary/model/event-fields';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import { signalsOf } from '../definitions/file.ts';
import type { SegmentParts } from '../definitions/read.ts';
import { type Mark, markOf } from './marks.ts';

export interface WatchedSegment extends SegmentParts {
  readonly name: string;
  readonly version: string;
}

/** A mark of the segment at this place of the list. */
export type Marked = readonly [segment: number, mark: Mark];

export interface WatchedSegments {
  readonly list: readonly WatchedSegment[];
  /** Two lists of one key are the same. */
  readonly key: string;
  /** Events further back than this before an instant are nothing to it, ms. */
  readonly retainedMs: number;
  /** Events of other types are nothing to any of them; null: any may be something. */
  readonly types: ReadonlySet<string> | null;
  /** Their conditions look at nothing but what timelines keep of an event; else `marksOf` is to be asked about all of it. */
  readonly seesKept: boolean;
  marksOf(event: KeptFields): readonly Marked[];
}

const KEPT: ReadonlySet<string> = new Set([...fieldsWith({ timeline: true }), 'receivedAt']);
const NONE: readonly Marked[] = [];

/** The same with sessions looked at as much further back. */
export function retainedLonger(segments: WatchedSegments | null, furtherMs: number): WatchedSegments | null {
  if (segments === null || furtherMs === 0) return segments;
  const list = segments.list.map((one): WatchedSegment => {
    const { definition } = one;
    return definition.kind === 'session'
      ? { ...one, definition: { ...definition, retainedMs: definition.retainedMs + furtherMs } }
      : one;
  });
  return { ...segments, list, retainedMs: Math.max(...list.map(({ definition }) => definition.retainedMs)) };
}

const known = new WeakMap<Definitions, WatchedSegments | null>();

/** null: there are none. */
export function watchedSegments(definitions: Definitions, sha256Hex: (text: string) => string): WatchedSegments | null {
  let watched = known.get(definitions);
  if (watched === undefined) known.set(definitions, (watched = watchedOf(definitions, sha256Hex)));
  return watched;
}

function watchedOf(definitions: Definitions, sha256Hex: (text: string) => string): WatchedSegments | null {
  const defined = [...signalsOf(definitions, sha256Hex).values()];
  const list = defined.flatMap(({ name, version, segment }) => (segment === undefined ? [] : [{ name, version, ...segment }]));
  if (list.length === 0) return null;
  const reads = defined.flatMap((one) => (one.segment === undefined ? [] : [one.reads]));
  const isOfAny = list.some((one) => one.types === null);
  const types = new Set(list.flatMap((one) => [...(one.types ?? [])]));
  const key = sha256Hex(
    JSON.stringify([definitions.joinedMs, list.map(({ name, version }) => `${name} ${version}`).sort()]),
  ).slice(0, 12);
  return {
    list,
    key,
    retainedMs: Math.max(...list.map(({ definition }) => definition.retainedMs)),
    types: isOfAny ? null : types,
    seesKept: reads.every(({ fields, properties }) => properties.size === 0 && [...fields].every((field) => KEPT.has(field))),
    marksOf(event) {
      let marked: Marked[] | undefined;
      for (const [i, segment] of list.entries()) {
        const mark = markOf(segment, event as Event);
        if (mark !== null) (marked ??= []).push([i, mark]);
      }
      return marked ?? NONE;
    },
  };
}
