import { NONE } from '@tributary/model/channels/channel';
import { dayOf } from '@tributary/model/time';
import { type View, WEB_EVENT } from '../view.ts';
import { type Click, isClick, type WebEvent } from '../web/web-event.ts';

export const attention = {
  name: 'attention',
  counts:
    'what elements of pages have of the attention: engaged time by pointer and by viewport, clicks, how often they were seen, and where they were',
  dimensions: ['day', 'page', 'layout', 'element'],
  measures: ['boxes', 'seenViews', 'cursorMs', 'viewportMs', 'clicks', 'xPx', 'yPx', 'widthPx', 'heightPx'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows(event, _definitions, emit) {
    const { ts, page, layout, isBot } = event;
    if (isBot) return;
    const key = (element: string) => `${dayOf(ts)}\t${page}\t${layout}\t${element}`;
    if (isClickOn(event)) emit(key(event.element), [0, 0, 0, 0, 1, 0, 0, 0, 0]);
    if (event.type !== 'activity') return;
    for (const { element, seen, cursorMs, viewportMs, box } of event.elements)
      emit(key(element), [1, seen, cursorMs, viewportMs, 0, ...box]);
  },
} as const satisfies View<WebEvent>;

/** A click outside of all elements is elsewhere: none of them has it. */
function isClickOn(event: WebEvent): event is Click {
  return isClick(event) && event.element !== NONE;
}
