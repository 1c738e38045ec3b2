/** What routes ask beside store, log and generations, in memory: for the world of the API's tests. */
import type { ApiDeps } from '../src/ports.ts';
import { memoryErasures } from './memory-erasures.ts';
import { memoryRetirements } from './memory-retirements.ts';
import { createMemorySchedules } from './memory-schedules.ts';
import { memorySets } from './memory-sets.ts';

export function memoryDesks(): Pick<ApiDeps, 'erasures' | 'retirements' | 'schedules' | 'trainingSets'> {
  const retirements = memoryRetirements(Date.UTC(2025, 0, 1));
  return { erasures: memoryErasures(), retirements, schedules: createMemorySchedules(), trainingSets: memorySets() };
}
