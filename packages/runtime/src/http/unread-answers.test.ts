import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import { createUnreadAnswers } from './unread-answers.ts';

afterEach(() => void vi.useRealTimers());

/** Sends `payload` into an answer without a reader. `isNext`: no other answer is before it on its connection. */
function unread(payload: unknown, isNext: boolean) {
  const answer = { broken: false, socket: isNext ? {} : null };
  const raw = Object.assign(new EventEmitter(), answer, {
    destroy() {
      raw.broken = true;
      raw.emit('close');
    },
  });
  createUnreadAnswers({ unreadBytes: 1_000_000, takeMs: 120_000 }).bound({
    addHook: (_name, send) => send(null, { raw: raw as unknown as ServerResponse }, payload, (error) => expect(error).toBeNull()),
  });
  return raw;
}

test('law 7: a small answer is broken off when it was not taken in ten seconds, a large one has longer', () => {
  vi.useFakeTimers();
  const [small, large, file] = [unread('{}', true), unread('x'.repeat(20_000), true), unread({ pipe() {} }, true)];
  vi.advanceTimersByTime(9_999);
  expect([small.broken, large.broken, file.broken]).toEqual([false, false, false]);
  vi.advanceTimersByTime(1);
  expect([small.broken, large.broken, file.broken]).toEqual([true, false, false]);
  vi.advanceTimersByTime(110_000);
  expect([large.broken, file.broken]).toEqual([true, true]);
});

test('the time of an answer that waits behind others begins when they are taken', () => {
  vi.useFakeTimers();
  const raw = unread('{}', false);
  vi.advanceTimersByTime(25_000);
  expect(raw.broken).toBe(false);
  raw.socket = {};
  vi.advanceTimersByTime(10_000);
  expect(raw.broken).toBe(true);
});
