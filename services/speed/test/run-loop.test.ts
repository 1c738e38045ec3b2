import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import { expect, test } from 'vitest';
import type { SpeedWorker } from '../src/pipeline.ts';
import { runUntilAborted } from '../src/run-loop.ts';

/** Fails once with the error, then reads until aborted; `settled`: commits under way were waited for. */
function failingOnce(code: ErrorCode) {
  const controller = new AbortController();
  const failed: string[] = [];
  let iterations = 0;
  let settled = false;
  const worker: SpeedWorker = {
    async runOnce() {
      if (++iterations === 1) throw new TributaryError(code, 'the first read');
      controller.abort();
      return 0;
    },
    settle: async () => void (settled = true),
    progress: () => [],
    joinRules: () => null,
  };
  const running = runUntilAborted(worker, controller.signal, (error) => failed.push(error.message));
  return { running, failed, isSettled: () => settled };
}

test.each(['log_unavailable', 'position_expired', 'internal'] as const)('%s is waited out', async (code) => {
  const { running, failed, isSettled } = failingOnce(code);
  expect([running.healthy(), running.detail()]).toEqual([false, 'not read yet']);
  await running.ended;
  expect(failed).toEqual(['the first read']);
  expect([running.healthy(), running.detail(), isSettled()]).toEqual([true, 'reading', true]);
});

test.each(['log_recreated', 'partition_mismatch', 'unknown_rules'] as const)('%s ends the worker', async (code) => {
  const { running, failed } = failingOnce(code);
  await expect(running.ended).rejects.toMatchObject({ code });
  expect([failed, running.healthy(), running.detail()]).toEqual([[], false, 'the first read']);
});
