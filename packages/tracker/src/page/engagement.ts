/**
 * How long a page was visible, how long somebody was engaged with it, and how far it was scrolled. Engaged is visible, with the focus, and less
 * than 5 s after an input, a show or the load; an input at t covers [t, t + 5000). Time is counted when something changes, under what was true
 * until then: no timer runs.
 */
import { now, on } from './clock.ts';
import { keyOf, pathOf } from './elements.ts';
import { emit, view } from './events.ts';
import { flush, LEAVING } from './queue.ts';
import { type Attention, elementsSelector, settings } from './settings.ts';

const IDLE_MS = 5_000;
const FLUSH_MS = 15_000;

export let attention: Attention | undefined;
let isShown = false;
let isFocused = false;
let lastInput = 0;
/** Until when time is counted. */
let counted = 0;
/** The lowest line that was in the viewport, px. */
let lowest = 0;
let visibleMs = 0;
let engagedMs = 0;
let seq = 0;

export function settle(): void {
  const to = now();
  if (isShown) {
    visibleMs += to - counted;
    if (isFocused) {
      const engaged = Math.max(0, Math.min(to, lastInput + IDLE_MS) - counted);
      engagedMs += engaged;
      attention?.settled(engaged, counted, to);
    }
  }
  counted = to;
}

const scrolled = () => {
  lowest = Math.max(lowest, scrollY + innerHeight);
};

/** Most inputs are movements of a pointer, many a second: they set a number. */
function input(event: PointerEvent): void {
  const t = now();
  if (t >= lastInput + IDLE_MS) settle();
  lastInput = t;
  attention?.pointed(event);
  if (isShown && isFocused && engagedMs + t - counted >= FLUSH_MS) {
    report();
    flush();
  }
}

function changed(): void {
  settle();
  const wasShown = isShown;
  isShown = !document.hidden;
  isFocused = document.hasFocus();
  if (isShown && !wasShown) lastInput = counted;
  if (!isShown || !isFocused) attention?.interrupted();
  if (wasShown && !isShown) {
    report();
    flush(LEAVING);
  }
}

/** Begins to count for a page view. */
export function beginActivity(): void {
  isShown = false;
  seq = lowest = 0;
  changed();
  scrolled();
  attention?.begin();
}

/** For `report`, of a page view that ends. */
export const LAST = true;

/** What happened since the last report. `last`: nothing more of this page view will follow. */
export function report(last?: typeof LAST): void {
  settle();
  if (visibleMs > 0) {
    const maxScrollBp = Math.min(10_000, Math.floor((10_000 * lowest) / document.documentElement.scrollHeight));
    emit('activity', { seq: seq++, engagedMs, visibleMs, maxScrollBp, ...attention?.take(view.url, maxScrollBp), last });
  }
  visibleMs = engagedMs = 0;
  // A page that goes is hidden after it has said so.
  if (last) isShown = false;
}

export function watchActivity(): void {
  on('pointermove pointerdown keydown wheel touchmove', input);
  on('scroll', scrolled);
  on('focus blur visibilitychange', changed);
  settings.attention?.().then(
    ({ attend }) => {
      settle();
      attention = attend({ elements: elementsSelector(), now, on, keyOf, pathOf, settle });
      attention.begin();
    },
    () => {},
  );
}
