import { dayOf } from '@tributary/model/time';
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
    const { ts, page, layout, isBot } = event;
    if (isBot) return;
    const key = `${dayOf(ts)}\t${page}\t${layout}`;
    if (isClick(event)) emit(key, [0, 0, 1]);
    else if (event.type === 'activity') emit(key, [event.hoverMs, event.engagedMs, 0]);
  },
} as const satisfies View<WebEvent>;
