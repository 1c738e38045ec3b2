import { afterEach, expect, test, vi } from 'vitest';
import { forgetStart, forgetStartWhenIdle } from './forget-start.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function collector(heapUsed: number) {
  const gc = vi.fn();
  vi.stubGlobal('gc', gc);
  vi.spyOn(process, 'memoryUsage').mockReturnValue({ heapUsed } as NodeJS.MemoryUsage);
  return gc;
}

function collections(heapUsed: number): number {
  const gc = collector(heapUsed);
  forgetStart();
  return gc.mock.calls.length;
}

test('the heap of a start is collected once; one that has grown is left to V8', () => {
  expect(collections(30e6)).toBe(1);
  expect(collections(300e6)).toBe(0);
});

test('nothing happens where Node does not offer it', () => {
  vi.stubGlobal('gc', undefined);
  expect(forgetStart).not.toThrow();
});

test('law 7: a service that is given work collects its heap once it has nearly nothing to do, and one that ends does not', async () => {
  const gc = collector(30e6);
  // The last but one is what sixty reads a second take of an API.
  const work = [1, 0.5, 0.1, 0.04, 0.011];
  let looks = 0;
  await forgetStartWhenIdle(new AbortController().signal, async () => {
    expect(gc).not.toHaveBeenCalled();
    return work[looks++] as number;
  });
  expect([looks, gc.mock.calls.length]).toEqual([work.length, 1]);
  for (const last of [0, 1]) {
    const ending = new AbortController();
    await forgetStartWhenIdle(ending.signal, async () => {
      ending.abort();
      return last;
    });
  }
  await forgetStartWhenIdle(AbortSignal.abort());
  expect(gc).toHaveBeenCalledTimes(1);
});
