/** Computations as the API keeps them: registrations in the data folder, how far each is in Redis. */
import { readComputations, removeComputation, writeComputation } from '@tributary/archive/computations';
import type { ComputationProgress } from '@tributary/queue/computation-progress';
import type { ComputationDesk } from './ports.ts';

export function openComputationDesk(dataDir: string, progress: ComputationProgress): ComputationDesk {
  return {
    list: () => readComputations(dataDir),
    write: (registration, most) => writeComputation(dataDir, registration, most),
    remove: (name) => removeComputation(dataDir, name),
    progress: progress.all,
    note: progress.note,
    forget: progress.forget,
  };
}
