/**
 * Real faults on the real processes, under load, the log in Redis Streams. After each: every acknowledged event is in the archive,
 * counted once, and the merged answer equals the naive computation over all that was ever acknowledged.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { endOneAfterTheOther, killCoordinator, killRedis, killTwice, type Rig, sleepAndWake, startRig } from './processes-rig.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ TRIBUTARY_MEMBER_TTL_MS: '1000', TRIBUTARY_PARTITIONS: '4' });
});

afterAll(() => rig?.stop());

describe('laws 1, 3 and 6 hold on real processes', () => {
  for (const role of ['speed', 'archiver', 'collector', 'recompute', 'api'] as const) {
    it(`when the ${role} is killed (kill -9) under load`, () => rig.survives(() => killTwice(rig, role)));
  }

  it('when Redis is killed (kill -9) under load: what was acknowledged is on disk', () => rig.survives(() => killRedis(rig)));

  it('when Redis stands still for five seconds (SIGSTOP, SIGCONT)', () =>
    rig.survives(async () => {
      rig.platform.redis.kill('SIGSTOP');
      await sleep(5_000);
      rig.platform.redis.kill('SIGCONT');
    }));

  it('when a speed worker sleeps, another takes over, and the zombie wakes: it is fenced', () =>
    rig.survives(() => sleepAndWake(rig, 'speed', 2_000)));

  it('when every role is asked to stop (SIGTERM) under load, one after the other', () =>
    rig.survives(() => endOneAfterTheOther(rig)));

  it('when a generation is under way and its coordinator is killed', () => rig.survives(() => killCoordinator(rig)));
});
