import { NONE } from '@tributary/model/channels/channel';
import { type View, WEB_EVENT } from '../view.ts';
import { type Click, isClick, nameOf, type WebEvent } from '../web/web-event.ts';

export const attention = {
  name: 'attention',
  counts:
    'what elements of pages have of the attention: engaged time by pointer and by viewport, clicks, how often they were seen, and where they were',
  dimensions: ['day', 'page', 'layout', 'element'],
  measures: ['boxes', 'seenViews', 'cursorMs', 'viewportMs', 'clicks', 'xPx', 'yPx', 'widthPx', 'heightPx'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows(event, _definitions, emit) {
    const { inLayout, isBot } = event;
    if (isBot) return;
    if (isClickOn(event)) emit(`${inLayout}\t${event.element}`, [0, 0, 0, 0, 1, 0, 0, 0, 0]);
    if (event.type !== 'activity') return;
    for (const row of event.elements)
      emit(`${inLayout}\t${nameOf(row[0])}`, [1, Math.min(1, row[3]), row[1], row[2], 0, row[4], row[5], row[6], row[7]]);
  },
} as const satisfies View<WebEvent>;

/** A click outside of all elements is elsewhere: none of them has it. */
function isClickOn(event: WebEvent): event is Click {
  return isClick(event) && event.element !== NONE;
}
