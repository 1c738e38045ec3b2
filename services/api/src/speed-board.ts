/**
 * The speed layer's state as last looked at, once a second: answers that read users' records must not pay a round trip
 * per request to say how fresh they are.
 */
import type { PartitionState } from '@tributary/kv/port';
import type { Definitions } from '@tributary/model/definitions';
import type { ApiDeps } from './ports.ts';
import { assessSpeed, type LogSeen, type SpeedHealth, seeLog } from './speed-health.ts';

type States = readonly (PartitionState | null)[];

export interface SpeedBoard {
  /** Never rejects: what it could not see makes the answers say so. */
  look(): Promise<void>;
  /** Of the given states, or of those last looked at. */
  health(states?: States): SpeedHealth;
  states(): States;
  /** In force in the partition; the defaults before its first commit. */
  definitions(partition: number): Definitions;
}

export function createSpeedBoard(deps: ApiDeps): SpeedBoard {
  let states: States = new Array<null>(deps.partitions).fill(null);
  let seen: LogSeen | null = null;
  return {
    async look() {
      try {
        states = await deps.store.states();
        seen = await seeLog(deps.logReach, states, deps.now);
      } catch (cause) {
        deps.onWarning('the speed layer could not be looked at', cause);
      }
    },
    health: (given = states) => assessSpeed(given, deps.now(), deps.limits.patienceMs, seen),
    states: () => states,
    definitions(partition) {
      const state = states[partition];
      return state === null || state === undefined ? deps.defaultDefinitions : deps.parseDefinitions(state.definitions);
    },
  };
}
