/** What applying a batch is given, and what its events come to. */
import type { Event } from '@tributary/model/event';
import type { KeyState, Message, Replacement } from '@tributary/model/identity/adoption';
import type { Numbered } from '@tributary/model/identity/message-line';
import type { DeadLetter } from '@tributary/store/speed-store';
import type { RowsByView } from '@tributary/views/deltas';
import { cutMark } from '@tributary/views/record';
import type { Work } from '@tributary/views/work';
import type { CachedUser } from '../partitions/cached-user.ts';
import type { PartitionLimits } from '../partitions/partition-run.ts';
import type { Arrival } from '../read/decode.ts';
import type { Seen } from '../segments/follow.ts';

export interface ApplyOptions {
  readonly logIdentity: string;
  readonly commitId: string;
  readonly sha256Hex: (text: string) => string;
  readonly limits: PartitionLimits;
  /** What may be spent before all that was applied is committed. */
  readonly turn: Work;
  readonly pause?: (() => Promise<void> | undefined) | undefined;
  /** Each event is applied by itself, and those that cannot be are parked. */
  readonly careful?: boolean;
  /** What is kept of the key of an erased user. */
  readonly digestOf: DigestOf;
  /** What is erased was erased before: what other keys were to hear of it, the log has. */
  readonly isAgain?: boolean;
  /** Whether who listens hears that this user is erased; absent: of each. */
  readonly isSaid?: ((userKey: string) => boolean) | undefined;
  /** How many partitions the log has. */
  readonly partitions: number;
}

/** A message that is not a line yet: a link may cause as many as its key has events. */
export interface Said {
  readonly message: Message;
  readonly numbered: Numbered;
}

export type DigestOf = (userKey: string) => string;

/** What changes the rows of a key. */
export interface Cause {
  readonly arrival: Arrival;
  readonly event: Event;
  readonly user: CachedUser;
  readonly key: KeyState;
}

/** The newest cause, and what counts under each id, before all of them and now. */
interface Gathered {
  cause: Cause;
  readonly byId: Map<string, Replacement>;
}

/** What the events of a batch have come to so far. */
export interface Effects {
  readonly deltas: RowsByView;
  readonly appends: Map<string, string>;
  readonly conversions: Map<string, string>;
  readonly outputs: string[];
  /** For other keys. */
  readonly messages: Said[];
  readonly unapplied: DeadLetter[];
  readonly toTrim: string[];
  /** Users from whose records something was withdrawn: rewritten with the commit, as readers cannot tell. */
  readonly withdrawn: Set<string>;
  /** By user, in order: what was something to a segment. */
  readonly seen: Map<string, Seen[]>;
  /** Users of whom an event could not be applied, with the newest such instant. */
  readonly cuts: Map<string, number>;
  /** Users whose records lose their events up to an instant, epoch ms: rewritten with the commit. */
  readonly lost: Map<string, number>;
  /** What changes the rows of one key and is not computed yet. */
  gathered: Gathered | undefined;
  /** Users who were erased, each once. */
  readonly erased: Set<string>;
  /** Events of erased users, and records that say who is. */
  refused: number;
  late: number;
  duplicates: number;
  overflowed: number;
}

export function noEffects(): Effects {
  return {
    deltas: new Map(),
    appends: new Map(),
    conversions: new Map(),
    outputs: [],
    messages: [],
    unapplied: [],
    toTrim: [],
    withdrawn: new Set(),
    seen: new Map(),
    cuts: new Map(),
    lost: new Map(),
    gathered: undefined,
    erased: new Set(),
    refused: 0,
    late: 0,
    duplicates: 0,
    overflowed: 0,
  };
}

export function append({ appends, toTrim }: Effects, userKey: string, user: CachedUser, text: string): void {
  const pending = appends.get(userKey);
  appends.set(userKey, pending === undefined ? text : pending + text);
  user.recordLength += text.length;
  if (user.recordLength > user.trimAtLength && !toTrim.includes(userKey)) toTrim.push(userKey);
}

export function noteSeen({ seen }: Effects, userKey: string, one: Seen): void {
  if (one.added.length + one.removed.length === 0) return;
  const before = seen.get(userKey);
  if (before === undefined) seen.set(userKey, [one]);
  else before.push(one);
}

/** An event that is not applied leaves a mark in the record. */
export function cutAt(effects: Effects, userKey: string, user: CachedUser, ts: number): void {
  append(effects, userKey, user, cutMark(ts));
  effects.cuts.set(userKey, Math.max(ts, effects.cuts.get(userKey) ?? ts));
}
