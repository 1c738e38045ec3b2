/**
 * The speed layer's state as last looked at, once a second: answers that read users' records must not pay a round trip
 * per request to say how fresh they are.
 */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { PartitionState } from '@tributary/kv/port';
import type { Definitions } from '@tributary/model/definitions';
import type { Generations } from './generations.ts';
import type { ApiDeps } from './ports.ts';
import { assessSpeed, type LogSeen, type SpeedHealth, seeLog } from './speed-health.ts';

type States = readonly (PartitionState | null)[];

export interface SpeedBoard {
  /** Never rejects: what it could not see makes the answers say so. */
  look(): Promise<void>;
  /** Of what was read for one answer, or of what was last looked at. */
  health(read?: { readonly states: States; readonly manifest: GenerationManifest | null }): SpeedHealth;
  states(): States;
  /** In force in the partition; the defaults before its first commit. */
  definitions(partition: number): Definitions;
}

export function createSpeedBoard(deps: ApiDeps, generations: Pick<Generations, 'current'>): SpeedBoard {
  let states: States = new Array<null>(deps.partitions).fill(null);
  let seen: LogSeen | null = null;
  return {
    async look() {
      try {
        const { served } = generations.current();
        states = await deps.store.states();
        seen = await seeLog(deps.logReach, states, served, deps.now);
      } catch (cause) {
        deps.onWarning('the speed layer could not be looked at', cause);
      }
    },
    health(read = { states, manifest: generations.current().manifest }) {
      return assessSpeed(read.states, deps.now(), deps.limits.patienceMs, seen, read.manifest);
    },
    states: () => states,
    definitions(partition) {
      const state = states[partition];
      return state === null || state === undefined ? deps.defaultDefinitions : deps.parseDefinitions(state.definitions);
    },
  };
}
