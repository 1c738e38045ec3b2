import { type View, WEB_EVENT } from '../view.ts';
import { isClick, type WebEvent } from '../web/web-event.ts';

export const attentionTotals = {
  name: 'attentionTotals',
  counts:
    'all attention of pages, which elements have parts of: engaged time with a pointer that hovers, engaged time, and clicks',
  dimensions: ['day', 'page', 'layout'],
  measures: ['cursorMs', 'viewportMs', 'clicks'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows(event, _definitions, emit) {
    const { isBot } = event;
    const { inLayout } = event.keys;
    if (isBot) return;
    if (isClick(event)) emit(inLayout, [0, 0, 1]);
    else if (event.type === 'activity') emit(inLayout, [event.hoverMs, event.engagedMs, 0]);
  },
} as const satisfies View<WebEvent>;
