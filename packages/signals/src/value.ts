/** What a definition says of a user at an instant. */
import type { Integer } from '@tributary/model/integer';
import type { Scalar } from './expressions/fields.ts';
import type { Timeline } from './timeline.ts';

export type Cell = Scalar | Integer | null;
export type SignalValue = Cell | readonly Item[] | SegmentValue;
/** An entry of a list: an event's fields, a value with its count, a session. */
export type Item = Readonly<Record<string, Cell>>;

export interface SegmentValue {
  readonly member: boolean;
  /** When the episode began that goes on; null: not a member, or it began before what records hold. */
  readonly since: number | null;
  /** When it ends if nothing more happens; null: not a member. */
  readonly until: number | null;
  /** Those that are over and whose begin is known, newest first. */
  readonly episodes: readonly { readonly from: number; readonly to: number }[];
}

export interface Valued {
  readonly value: SignalValue;
  /** No event before this instant could have changed it, epoch ms. */
  readonly fromMs: number;
  /** The same events say the same as of any instant from `asOf` on that is before this one, epoch ms. */
  readonly untilMs: number;
  /** Until then `fromMs` goes on with `asOf`; else it stays. */
  readonly fromMoves: boolean;
  /** Until then the value is not the same, but as many ms more as `asOf` is later. */
  readonly grows?: true;
}

/** Pure. Events at `asOfMs` or later are not looked at. */
export type Evaluate = (timeline: Timeline, asOfMs: number) => Valued;
