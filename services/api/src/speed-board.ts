/**
 * The speed layer's state as last looked at, for answers that read users' records: they must not pay a round trip per
 * request to say how fresh they are. Looked at every `everyMs`; a look that failed makes the next answers incomplete.
 */
import type { PartitionState } from '@tributary/kv/port';
import type { Definitions } from '@tributary/model/definitions';
import type { ApiDeps } from './ports.ts';
import { assessSpeed, type SpeedHealth } from './speed-health.ts';

export interface SpeedBoard {
  look(): Promise<void>;
  health(): SpeedHealth;
  states(): readonly (PartitionState | null)[];
  /** In force in the partition; the defaults before its first commit. */
  definitions(partition: number): Definitions;
}

export function createSpeedBoard(deps: ApiDeps): SpeedBoard {
  let states: readonly (PartitionState | null)[] = new Array<null>(deps.partitions).fill(null);
  let health: SpeedHealth = { lagMs: null, watermark: null, missing: ['the speed layer was not looked at yet'] };
  return {
    async look() {
      try {
        states = await deps.store.states();
        health = await assessSpeed(states, deps.now(), deps.limits.suspectLagMs, deps.logEnds ?? null);
      } catch (cause) {
        health = { ...health, lagMs: null, missing: [`the store did not say how far it is: ${(cause as Error).message}`] };
      }
    },
    health: () => health,
    states: () => states,
    definitions(partition) {
      const state = states[partition];
      return state === null || state === undefined ? deps.defaultDefinitions : deps.parseDefinitions(state.definitions);
    },
  };
}
