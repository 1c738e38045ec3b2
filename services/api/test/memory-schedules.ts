/** Schedules in memory: those of the queue are tested on a real Redis (packages/queue/test/schedules.redis.test.ts). */
import { TributaryError } from '@tributary/model/errors';
import { demandSchedule, nextAfter, type Schedule } from '@tributary/queue/schedules';
import type { ApiDeps } from '../src/ports.ts';

export function createMemorySchedules(): ApiDeps['schedules'] {
  const all = new Map<string, Schedule>();
  const known = (name: string): Schedule => {
    const schedule = all.get(name);
    if (schedule === undefined) throw new TributaryError('not_found', `schedule "${name}" does not exist`);
    return schedule;
  };
  return {
    list: async (nowMs) =>
      [...all].map(([name, schedule]) => ({
        ...schedule,
        name,
        next: schedule.isPaused ? [] : [nextAfter(schedule, nowMs)],
        lastDoneAt: null,
      })),
    async set(name, schedule) {
      demandSchedule(name, schedule);
      all.set(name, schedule);
    },
    pause: async (name, isPaused, said) => void all.set(name, { ...known(name), ...said, isPaused }),
    async remove(name) {
      known(name);
      all.delete(name);
    },
  };
}
