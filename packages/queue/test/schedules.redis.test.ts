/** Schedules on a real Redis: one place for all workers, and BullMQ follows it. */

import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { openRecomputeQueue, type RecomputeQueue } from '@tributary/queue/recompute-queue';
import { type JobAttempt, startRecomputeWorker } from '@tributary/queue/recompute-worker';
import { BY_SETTING, MOST_SCHEDULES, type Schedule, SKIPPED_AFTER_MS } from '@tributary/queue/schedules';
import { createQueueRig } from '@tributary/testkit/servers/queue-rig';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { beforeEach, expect, test } from 'vitest';
import { QUEUE, queuePrefix, type RunJob } from '../src/jobs.ts';

const rig = createQueueRig();
const NOW = Date.now();
let redis: Redis;
let queue: RecomputeQueue;
let bull: Queue<RunJob>;

beforeEach(() => {
  redis = rig.connect();
  queue = openRecomputeQueue(redis, rig.namespace);
  bull = new Queue<RunJob>(QUEUE, { connection: redis, prefix: queuePrefix(rig.namespace) });
  rig.stopAfter(async () => {
    await bull.close();
    await queue.close();
  });
});

const schedule = (more: Partial<Schedule> = {}): Schedule => ({
  everyMs: 60_000,
  cron: null,
  timeZone: 'UTC',
  mode: 'incremental',
  promotion: null,
  catchUp: 'once',
  isPaused: false,
  by: 'ana',
  at: NOW,
  ...more,
});

const nightly = schedule({
  everyMs: null,
  cron: '30 3 * * *',
  timeZone: 'Europe/Berlin',
  mode: 'full',
  promotion: { below: 0.005 },
});
const followed = async () => (await bull.getJobSchedulers()).map(({ key }) => key).sort();

async function startWorker(handle: (attempt: JobAttempt) => Promise<unknown>, now = Date.now) {
  const common = {
    redis: rig.connect(),
    namespace: rig.namespace,
    isTransient: () => false,
    onError: () => {},
    onFailed: () => {},
  };
  const worker = await startRecomputeWorker({ ...common, handle, lockMs: 1_000, now });
  rig.stopAfter(() => worker.stop());
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('several by name: set, listed with their next three runs, set otherwise, removed, all without a restart', async () => {
  await queue.schedules.set('nightly', nightly);
  await queue.schedules.set('hourly', schedule({ everyMs: 3_600_000 }));
  const [hourly, night] = await queue.schedules.list(Date.now());
  expect(hourly).toMatchObject({ name: 'hourly', everyMs: 3_600_000, lastDoneAt: null });
  await queue.schedules.set('constructor', schedule({ everyMs: 3_600_000 }));
  expect(await queue.schedules.list(Date.now())).toContainEqual(
    expect.objectContaining({ name: 'constructor', lastDoneAt: null }),
  );
  await queue.schedules.remove('constructor');
  expect(night?.next).toHaveLength(3);
  for (const at of night?.next ?? [])
    expect(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' }).format(at)).toBe('03:30');
  expect((await bull.getJobScheduler('nightly'))?.template?.data).toMatchObject({
    mode: 'full',
    reason: 'schedule nightly',
    scheduled: true,
    schedule: 'nightly',
    promotion: { below: 0.005 },
  });
  await queue.schedules.set('nightly', schedule());
  expect(await bull.getJobScheduler('nightly')).toMatchObject({ every: 60_000 });
  await queue.schedules.remove('hourly');
  expect(await followed()).toEqual(['nightly']);
  await expect(queue.schedules.remove('hourly')).rejects.toMatchObject({ code: 'not_found' });
});

test('law 7: a midnight that does not exist is due when the clocks have gone forward, to BullMQ as well', async () => {
  // In Havana clocks go forward at midnight, once a year.
  const hourIn = new Intl.DateTimeFormat('en', { timeZone: 'America/Havana', hourCycle: 'h23', hour: 'numeric' });
  let leap = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + HOUR_MS;
  while (hourIn.format(leap) !== '01' || hourIn.format(leap - HOUR_MS) !== '23') leap += HOUR_MS;
  const [eve, day] = [new Date(leap - DAY_MS), new Date(leap)];
  const days = `${eve.getUTCDate()},${day.getUTCDate()} ${day.getUTCMonth() + 1}`;
  await queue.schedules.set('nightly', { ...nightly, timeZone: 'America/Havana', cron: `0 0 ${days} *` });
  const [listed] = await queue.schedules.list(Date.now());
  expect(listed?.next.slice(0, 2)).toEqual([leap - DAY_MS, leap]);
  expect((await bull.getJobScheduler('nightly'))?.next).toBe(leap - DAY_MS);
  // A worker plans the second when it begins the first.
  for (const job of await bull.getDelayed()) await job.promote();
  await startWorker(async () => {});
  await until(async () => (await bull.getJobScheduler('nightly'))?.next === leap, 'the second time');
});

test('a paused one begins no run, after a restart either, until it is resumed', async () => {
  let runs = 0;
  await queue.schedules.seed(200, NOW);
  await queue.schedules.pause('default', true, { by: 'ana', at: NOW });
  await queue.schedules.pause('default', true, { by: 'ben', at: NOW });
  await startWorker(async () => runs++);
  // As another worker does when it starts.
  expect(await queue.schedules.seed(200, NOW)).toMatchObject({ isUsed: false, insteadOf: { by: 'ana' } });
  await new Promise((resolve) => setTimeout(resolve, 700));
  // The first run of a schedule is due at once: it was, before the pause.
  expect(runs).toBeLessThanOrEqual(1);
  expect(await followed()).toEqual([]);
  const before = runs;
  await queue.schedules.pause('default', false, { by: 'ana', at: NOW });
  await until(() => runs >= before + 2, 'two more runs');
});

test('the setting makes the schedule default until somebody sets it; workers of other settings find what was said last', async () => {
  expect(await queue.schedules.seed(60_000, NOW)).toEqual({ insteadOf: null, isUsed: true });
  expect(await queue.schedules.seed(60_000, NOW + 5)).toMatchObject({ insteadOf: { everyMs: 60_000, at: NOW }, isUsed: true });
  expect(await queue.schedules.seed(90_000, NOW)).toMatchObject({ insteadOf: { everyMs: 60_000, by: BY_SETTING }, isUsed: true });
  await queue.schedules.set('default', nightly);
  expect(await queue.schedules.seed(60_000, NOW)).toMatchObject({ insteadOf: { cron: '30 3 * * *' }, isUsed: false });
  expect(await queue.schedules.seed(0, NOW)).toMatchObject({ isUsed: false });
  expect(await followed()).toEqual(['default']);
  await expect(queue.schedules.remove('default')).rejects.toThrow('Pause it');
});

test('law 3: what a process left half done is made right by the next one, and the schedule of an earlier version goes', async () => {
  await queue.schedules.set('nightly', nightly);
  await bull.removeJobScheduler('nightly');
  await bull.upsertJobScheduler('every', { every: 60_000 }, { name: 'run' });
  await queue.schedules.follow(0, NOW);
  expect(await followed()).toEqual(['nightly']);
  const before = (await bull.getJobScheduler('nightly'))?.next;
  await queue.schedules.follow(0, NOW);
  expect((await bull.getJobScheduler('nightly'))?.next).toBe(before);
});

test.each([
  ['a name with a blank', 'night ly', {}, 'the name of a schedule must be'],
  ['neither cron nor every', 'n', { everyMs: null }, 'everyMs or cron must be given'],
  ['both', 'n', { cron: '* * * * *' }, 'and not both'],
  ['too often', 'n', { everyMs: 9_999 }, 'everyMs must be a whole number from 10000'],
  ['six fields', 'n', { everyMs: null, cron: '0 30 3 * * *' }, 'five fields that a time comes for'],
  ['a day that never comes', 'n', { everyMs: null, cron: '0 0 31 2 *' }, 'five fields that a time comes for'],
  ['no cron', 'n', { everyMs: null, cron: 'daily' }, 'five fields that a time comes for'],
  ['a time that is drawn', 'n', { everyMs: null, cron: 'H H(0-5) * * *' }, 'five fields that a time comes for'],
  [
    'a zone that is none',
    'n',
    { everyMs: null, cron: '0 3 * * *', timeZone: 'Berlin' },
    'an IANA name such as Europe/Berlin (got "Berlin")',
  ],
])('refused before anything is set: %s', async (_, name, more, message) => {
  await expect(queue.schedules.set(name, schedule(more))).rejects.toThrow(message);
  expect(await queue.schedules.list(NOW)).toEqual([]);
});

test('days of the week have names, THU too', async () => {
  await queue.schedules.set('weekly', schedule({ everyMs: null, cron: '0 3 * MAR-DEC THU' }));
  expect((await queue.schedules.list(NOW))[0]?.next).toHaveLength(3);
});

test('schedules are bounded in number', async () => {
  for (let i = 0; i < MOST_SCHEDULES; i++) await queue.schedules.set(`s${i}`, schedule());
  await expect(queue.schedules.set('more', schedule())).rejects.toMatchObject({ code: 'conflict' });
  await queue.schedules.set('s3', schedule({ mode: 'full' }));
});

test('after a time without a worker one run catches up; one that is not to be late is left out', async () => {
  const begun: unknown[] = [];
  await queue.schedules.set('catches-up', schedule({ everyMs: 10_000 }));
  await queue.schedules.set('not-late', schedule({ everyMs: 10_000, catchUp: 'skip' }));
  // Both are due now; the clock of the worker that comes is as after an outage.
  for (const job of await bull.getDelayed()) await job.promote();
  await startWorker(
    async ({ data }) => begun.push(data.schedule),
    () => Date.now() + 2 * SKIPPED_AFTER_MS,
  );
  await until(async () => (await bull.getJobCounts('waiting', 'active'))['waiting'] === 0 && begun.length > 0, 'the runs');
  await until(async () => (await queue.runs()).every(({ state }) => state === 'done'), 'the end');
  expect(begun).toEqual(['catches-up']);
  expect((await queue.runs()).map(({ reason }) => reason)).toEqual(['schedule catches-up']);
});

test('law 7: where Redis was emptied under running workers, the default schedule is set again by the next look at it', async () => {
  await queue.schedules.seed(60_000, NOW);
  await queue.schedules.set('nightly', nightly);
  expect(await queue.schedules.follow(60_000, NOW)).toBe(false);
  await redis.flushall();
  expect(await queue.schedules.follow(0, NOW)).toBe(false);
  expect(await followed()).toEqual([]);
  expect(await queue.schedules.follow(60_000, NOW)).toBe(true);
  expect(await queue.schedules.list(NOW)).toMatchObject([{ name: 'default', everyMs: 60_000, by: BY_SETTING }]);
  expect(await followed()).toEqual(['default']);
  const before = await bull.getJobSchedulers();
  expect(await queue.schedules.follow(60_000, NOW)).toBe(false);
  expect(await bull.getJobSchedulers()).toEqual(before);
});

test('what was set by hand is not replaced where it is looked after', async () => {
  await queue.schedules.seed(60_000, NOW);
  await queue.schedules.pause('default', true, { by: 'ana', at: NOW });
  expect(await queue.schedules.follow(60_000, NOW)).toBe(false);
  expect(await queue.schedules.list(NOW)).toMatchObject([{ name: 'default', isPaused: true, by: 'ana' }]);
  expect(await followed()).toEqual([]);
});
