import { afterEach, expect, test, vi } from 'vitest';
import { forgetStart } from './forget-start.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function collections(heapUsed: number): number {
  const gc = vi.fn();
  vi.stubGlobal('gc', gc);
  vi.spyOn(process, 'memoryUsage').mockReturnValue({ heapUsed } as NodeJS.MemoryUsage);
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
