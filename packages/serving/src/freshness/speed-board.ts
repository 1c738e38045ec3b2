/**
 * The speed layer's state as last looked at, once a second: answers that read users' records must not pay a round trip
 * per request to say how fresh they are.
 */

import type { Definitions } from '@tributary/model/definitions';
import { SURELY_APART_MS } from '@tributary/model/identity/first-second';
import type { PartitionState } from '@tributary/store/speed-store';
import { ofEveryUser } from '../gaps.ts';
import type { Generations } from '../generations/served.ts';
import type { ServingDeps } from '../ports.ts';
import { assessSpeed, furthestOf, type LogSeen, type Read, type SpeedHealth, seeLog } from './speed-health.ts';

type States = readonly (PartitionState | null)[];

export interface SpeedBoard {
  /** Never rejects: what it could not see makes the answers say so. Who asks while one is under way is given that one: an older look never replaces a newer one. */
  poll(): Promise<void>;
  /** Asked before the store is read for an answer: it must not stand further back. */
  furthest(): Read['furthest'];
  /** By what was read for one answer, or by what was last looked at. */
  health(read?: Read): SpeedHealth;
  states(): States;
  /** The same, at most 2 s old: read now where it is older or lacks a partition, one read for all who ask meanwhile. Rejects as the store does. */
  recentStates(): Promise<States>;
  /** In force in the partition; the defaults before its first commit. */
  definitions(partition: number): Definitions;
  /** How far back links reach where keys are joined in any partition, as it was last looked at, ms; null: in none. They reach as far in each, or are not there. */
  joinedMs(): number | null;
  /**
   * Asked when something was read for which keys counted as not joined: looks again where the last look says nothing about that moment any more
   * (packages/model/src/identity/first-second.ts). undefined: it does. Rejects as the store does.
   */
  pollForJoined(): Promise<unknown> | undefined;
}

/** How often the board looks at the speed layer. */
export const POLL_EVERY_MS = 1_000;
const RECENT_MS = 2 * POLL_EVERY_MS;

export function createSpeedBoard(deps: ServingDeps, generations: Pick<Generations, 'current'>): SpeedBoard {
  let states: States = new Array<null>(deps.partitions).fill(null);
  /** When `states` were asked for; null: never. */
  let statesAtMs: number | null = null;
  let { joinedMs } = deps.defaultDefinitions;
  /** By partition, with the state that names them: to find them by their text takes longer the longer it is, and every answer asks several times. */
  const inForce: { readonly state: PartitionState; readonly definitions: Definitions }[] = [];
  let furthest: Read['furthest'] = [];
  /** As it was before `states` were read. */
  let furthestThen = furthest;
  let seen: LogSeen | null = null;
  /** Why the last question to the log has no answer. */
  let silence: string | null = null;
  const bounds = {
    patienceMs: deps.limits.patienceMs,
    latenessMs: (state: PartitionState) => deps.storedDefinitions(state.definitions).latenessMs,
  };
  /** Many requests come in one millisecond, in which it is the same until something else was seen. */
  let newest: { readonly atMs: number; readonly of: readonly unknown[]; readonly health: SpeedHealth } | null = null;
  let underWay: Promise<void> | null = null;
  let reading: Promise<States> | null = null;

  /** For the poll and for requests, one read at a time: both keep it, and hold it against what was seen before. */
  function readStore(): Promise<States> {
    reading ??= readStates().finally(() => {
      reading = null;
    });
    return reading;
  }

  async function readStates(): Promise<States> {
    const askedMs = deps.now();
    const before = furthest;
    states = await deps.store.states();
    joinedMs = states.reduce<number | null>((known, _, partition) => known ?? definitions(partition).joinedMs, null);
    statesAtMs = askedMs;
    furthestThen = before;
    furthest = furthestOf(furthest, states);
    return states;
  }

  function isWithin(ms: number): boolean {
    // A clock that went back says nothing about how old they are.
    return statesAtMs !== null && Math.abs(deps.now() - statesAtMs) < ms;
  }

  function definitions(partition: number): Definitions {
    const state = states[partition];
    if (state === null || state === undefined) return deps.defaultDefinitions;
    const before = inForce[partition];
    if (before?.state === state) return before.definitions;
    const found = deps.storedDefinitions(state.definitions);
    inForce[partition] = { state, definitions: found };
    return found;
  }

  function assess(read: Read, nowMs: number): SpeedHealth {
    furthest = furthestOf(furthest, read.states);
    const health = assessSpeed(read, nowMs, bounds, seen, silence);
    const { missing, notes } = health;
    return deps.logReach.mayMisplace ? { ...health, missing: ofEveryUser(missing), notes: ofEveryUser(notes) } : health;
  }

  function healthNow(): SpeedHealth {
    const { manifest } = generations.current();
    const nowMs = deps.now();
    const of = [states, manifest, furthestThen, seen, silence];
    if (newest?.atMs === nowMs && newest.of.every((one, i) => one === of[i])) return newest.health;
    const health = assess({ states, manifest, furthest: furthestThen }, nowMs);
    newest = { atMs: nowMs, of, health };
    return health;
  }

  async function pollOnce(): Promise<void> {
    try {
      const { wanted, served } = generations.current();
      const known = wanted === null && served === null ? null : Math.max(wanted?.generation ?? 0, served ?? 0);
      const read = await readStore();
      seen = await seeLog(deps.logReach, read, known, seen, deps.now).catch((cause: Error) => {
        silence = cause.message;
        throw cause;
      });
      silence = null;
    } catch (cause) {
      deps.onWarning('the speed layer could not be looked at', cause);
    }
  }

  return {
    poll() {
      underWay ??= pollOnce().finally(() => {
        underWay = null;
      });
      return underWay;
    },
    furthest: () => furthest,
    health(read) {
      return read === undefined ? healthNow() : assess(read, deps.now());
    },
    states: () => states,
    recentStates: () => (isWithin(RECENT_MS) && !states.includes(null) ? Promise.resolve(states) : readStore()),
    definitions,
    joinedMs: () => joinedMs,
    pollForJoined: () => (isWithin(SURELY_APART_MS) ? undefined : readStore()),
  };
}
