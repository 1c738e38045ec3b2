/**
 * A view: one fold over a user's timeline, one SQL over the archive, rows that add up.
 *
 * Every row hangs on an *anchor*, an event of the timeline (a conversion, a touch …). The rows of an anchor depend only
 * on events from `reachMs` before it to `revisableMs` after it. That is all the engine needs to know: the effect of a
 * new event is the difference over the anchors near it (see difference.ts), and the batch recomputes only those.
 */
import type { Definitions, EventKind } from '@tributary/model/definitions';
import type { RowKey } from './deltas.ts';
import type { Timeline } from './timeline.ts';

export type Emit = (key: RowKey, measures: readonly number[]) => void;

export interface View {
  readonly name: string;
  /** Names of the key's parts, in order. The first is always `day`: the UTC day of the anchor. */
  readonly dimensions: readonly string[];
  /** Names of the integers, in order. */
  readonly measures: readonly string[];
  /** How far before its anchor a row looks, ms. */
  reachMs(definitions: Definitions): number;
  /** How long after its anchor a row can still change by in-time events, ms. */
  revisableMs(definitions: Definitions): number;
  /** Whether an event of this kind can change rows that hang on other anchors. */
  influences(kind: EventKind, definitions: Definitions): boolean;
  /** Emits the rows anchored at `timeline[at]`, in any order; the same key may be emitted more than once. */
  fold(timeline: Timeline, at: number, definitions: Definitions, emit: Emit): void;
}
