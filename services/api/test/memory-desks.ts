/** What routes ask beside store, log and generations, in memory: for the world of the API's tests. */
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import type { ApiDeps } from '../src/ports.ts';
import { memoryComputations } from './memory-computations.ts';
import { memoryErasures } from './memory-erasures.ts';
import { memoryRetirements } from './memory-retirements.ts';
import { createMemorySchedules } from './memory-schedules.ts';
import { memorySets } from './memory-sets.ts';

type Desks = Pick<ApiDeps, 'computations' | 'erasures' | 'newestOf' | 'retirements' | 'schedules' | 'trainingSets'>;

export function memoryDesks(partitions: number): Desks {
  return {
    computations: memoryComputations(),
    erasures: memoryErasures(),
    newestOf: createMemoryLog({ partitions }),
    retirements: memoryRetirements(Date.UTC(2025, 0, 1)),
    schedules: createMemorySchedules(),
    trainingSets: memorySets(),
  };
}
