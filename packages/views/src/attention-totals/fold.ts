import { joined, type PartedView } from '../parted-rows.ts';
import { type View, WEB_EVENT } from '../view.ts';
import { isClick, type WebEvent } from '../web/web-event.ts';

/** Those of one report after another. */
const MEASURES = [0, 0, 0];
const CLICK = [0, 0, 1];

const parted: PartedView<WebEvent> = {
  tails: [''],
  rows(event, emit) {
    const { isBot } = event;
    const { onPage, layout } = event.keys;
    if (isBot) return;
    if (isClick(event)) emit(onPage, layout, 0, CLICK);
    if (event.type !== 'activity') return;
    MEASURES[0] = event.hoverMs;
    MEASURES[1] = event.engagedMs;
    emit(onPage, layout, 0, MEASURES);
  },
};

export const attentionTotals = {
  name: 'attentionTotals',
  counts:
    'all attention of pages, which elements have parts of: engaged time with a pointer that hovers, engaged time, and clicks',
  dimensions: ['day', 'page', 'layout'],
  measures: ['cursorMs', 'viewportMs', 'clicks'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows: joined(parted),
  parted,
} as const satisfies View<WebEvent>;
