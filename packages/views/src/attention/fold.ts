import { NONE } from '@tributary/model/channels/channel';
import { ELEMENT_NUMBERS } from '@tributary/model/reading/plain-report';
import { joined, type PartedView } from '../parted-rows.ts';
import { type View, WEB_EVENT } from '../view.ts';
import { type Click, isClick, type WebEvent } from '../web/web-event.ts';

/** Those of one box after another: a report has dozens. */
const MEASURES = [1, 0, 0, 0, 0, 0, 0, 0, 0];

const parted: PartedView<WebEvent> = {
  tails: [''],
  rows(event, emit) {
    const { isBot } = event;
    const { inLayout } = event.keys;
    if (isBot) return;
    if (isClickOn(event)) emit(inLayout, event.element, 0, [0, 0, 0, 0, 1, 0, 0, 0, 0]);
    if (event.type !== 'activity') return;
    const { names, numbers } = event.elements;
    for (let i = 0, at = 0; i < names.length; i++, at += ELEMENT_NUMBERS) {
      MEASURES[1] = Math.min(1, numbers[at + 2] as number);
      MEASURES[2] = numbers[at] as number;
      MEASURES[3] = numbers[at + 1] as number;
      for (let part = 3; part < ELEMENT_NUMBERS; part++) MEASURES[2 + part] = numbers[at + part] as number;
      emit(inLayout, names[i] as string, 0, MEASURES);
    }
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
