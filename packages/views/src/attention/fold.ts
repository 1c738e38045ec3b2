import { NONE } from '@tributary/model/channels/channel';
import { joined, type PartedView } from '../parted-rows.ts';
import { type View, WEB_EVENT } from '../view.ts';
import { type Click, isClick, nameOf, type WebEvent } from '../web/web-event.ts';

const parted: PartedView<WebEvent> = {
  tails: [''],
  rows(event, emit) {
    const { isBot } = event;
    const { inLayout } = event.keys;
    if (isBot) return;
    if (isClickOn(event)) emit(inLayout, event.element, 0, [0, 0, 0, 0, 1, 0, 0, 0, 0]);
    if (event.type !== 'activity') return;
    for (const row of event.elements)
      emit(inLayout, nameOf(row[0]), 0, [1, Math.min(1, row[3]), row[1], row[2], 0, row[4], row[5], row[6], row[7]]);
  },
};

export const attention = {
  name: 'attention',
  counts:
    'what elements of pages have of the attention: engaged time by pointer and by viewport, clicks, how often they were seen, and where they were',
  dimensions: ['day', 'page', 'layout', 'element'],
  measures: ['boxes', 'seenViews', 'cursorMs', 'viewportMs', 'clicks', 'xPx', 'yPx', 'widthPx', 'heightPx'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows: joined(parted),
  parted,
} as const satisfies View<WebEvent>;

/** A click outside of all elements is elsewhere: none of them has it. */
function isClickOn(event: WebEvent): event is Click {
  return isClick(event) && event.element !== NONE;
}
