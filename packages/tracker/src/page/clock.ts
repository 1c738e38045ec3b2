/**
 * Whole milliseconds of the clock that only goes on. Intervals between whole numbers add up to the millisecond; `event.timeStamp` is another
 * clock, which no test can set.
 */
export const now = (): number => Math.floor(performance.now());

/** Hears events of these types, in the whole page and before the page does. */
export function on(types: string, listener: (event: never) => void): void {
  for (const type of types.split(' '))
    addEventListener(type, listener as (event: Event) => void, { capture: true, passive: true });
}
