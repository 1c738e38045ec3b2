/** Computations in memory. */
import type { Registration } from '@tributary/archive/computations';
import type { Progress } from '@tributary/queue/computation-progress';
import type { ComputationDesk } from '../src/ports.ts';

export function memoryComputations(): ComputationDesk {
  const [registered, said] = [new Map<string, Registration>(), new Map<string, Progress>()];
  return {
    list: async () => [...registered.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    write: async (one, most) => {
      const isRoom = registered.has(one.name) || registered.size < most;
      if (isRoom) registered.set(one.name, one);
      return isRoom;
    },
    remove: async (name) => registered.delete(name),
    progress: async () => new Map(said),
    note: async (name, progress) => void said.set(name, progress),
    forget: async (names) => {
      for (const name of names) said.delete(name);
    },
  };
}
