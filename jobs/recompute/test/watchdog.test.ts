/** The watchdog: a schedule whose runs do not come, and a run that does not end, whatever the queue says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeLastCheck } from '@tributary/archive/last-check';
import type { RunRecord } from '@tributary/queue/run-records';
import type { NamedSchedule } from '@tributary/queue/schedules';
import { expect, test } from 'vitest';
import { troubleOf } from '../src/watch/watchdog.ts';

const MINUTE = 60_000;
const schedule = (name: string, more: Partial<NamedSchedule> = {}): NamedSchedule => ({
  name,
  everyMs: 15 * MINUTE,
  cron: null,
  timeZone: 'UTC',
  mode: 'incremental',
  promotion: null,
  catchUp: 'once',
  isPaused: false,
  by: 'ana',
  at: 0,
  next: [],
  lastDoneAt: null,
  ...more,
});

async function trouble(schedules: NamedSchedule[], nowMs: number, running: Partial<RunRecord>[] = [], checkedAt?: number) {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-watchdog-'));
  if (checkedAt !== undefined) await writeLastCheck(dataDir, { at: checkedAt, generation: 1, logIdentity: 'log', upTo: [] });
  const runs = async () => running as RunRecord[];
  const found = await troubleOf(
    { dataDir, now: () => nowMs, schedules: async () => schedules, runs, longestRunMs: 20 * MINUTE },
    0,
  );
  await rm(dataDir, { recursive: true });
  return found;
}

test('law 7: runs that find nothing new keep a schedule from being overdue; without them the one that is late by most is named', async () => {
  const both = [schedule('default'), schedule('often', { everyMs: 5 * MINUTE })];
  expect((await trouble(both, 60 * MINUTE, [], 55 * MINUTE)).overdue).toEqual({ schedule: null, ms: 0 });
  expect((await trouble(both, 60 * MINUTE)).overdue).toEqual({ schedule: 'often', ms: 49 * MINUTE });
});

test('law 7: a schedule of full runs is owed full ones', async () => {
  const weekly = schedule('weekly', { mode: 'full', lastDoneAt: 10 * MINUTE });
  expect((await trouble([weekly], 60 * MINUTE, [], 59 * MINUTE)).overdue).toEqual({ schedule: 'weekly', ms: 19 * MINUTE });
  expect((await trouble([{ ...weekly, lastDoneAt: 50 * MINUTE }], 60 * MINUTE)).overdue.ms).toBe(0);
});

test('a paused one, and one that was set a moment ago, owe nothing', async () => {
  expect((await trouble([schedule('p', { isPaused: true }), schedule('n', { at: 50 * MINUTE })], 60 * MINUTE)).overdue.ms).toBe(
    0,
  );
});

test('law 7: a run that is under way for longer than all of its bounds is wedged', async () => {
  const running = { id: 'run-1', state: 'running', beganAt: 10 * MINUTE } as const;
  expect((await trouble([], 30 * MINUTE, [running])).wedged).toEqual({ run: null, ms: 0 });
  expect((await trouble([], 31 * MINUTE, [running])).wedged).toEqual({ run: 'run-1', ms: MINUTE });
  const cancelled = { ...running, state: 'cancelled' } as const;
  expect((await trouble([], 31 * MINUTE, [{ ...cancelled, endedAt: null }])).wedged).toEqual({ run: 'run-1', ms: MINUTE });
  expect((await trouble([], 31 * MINUTE, [{ ...cancelled, endedAt: 12 * MINUTE }])).wedged.ms).toBe(0);
  expect((await trouble([], 31 * MINUTE, [{ ...cancelled, beganAt: null, endedAt: null }])).wedged.ms).toBe(0);
});
