/** What routes ask beside store, log and generations, in memory: for the world of the API's tests. */
import type { ApiDeps } from '../src/ports.ts';
import { memoryErasures } from './memory-erasures.ts';
import { createMemorySchedules } from './memory-schedules.ts';
import { memorySets } from './memory-sets.ts';

export function memoryDesks(): Pick<ApiDeps, 'erasures' | 'schedules' | 'trainingSets'> {
  return { erasures: memoryErasures(), schedules: createMemorySchedules(), trainingSets: memorySets() };
}
