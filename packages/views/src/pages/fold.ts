import { joined, type PartedView } from '../parted-rows.ts';
import { type View, WEB_EVENT } from '../view.ts';
import type { WebEvent } from '../web/web-event.ts';

/** Those of one report after another. */
const MEASURES = [0, 0, 0, 0];
const [VIEW, BOT_VIEW] = [
  [1, 0, 0, 0],
  [0, 0, 0, 1],
];

const parted: PartedView<WebEvent> = {
  tails: [''],
  rows(event, emit) {
    const { isBot } = event;
    const { onPage, layout } = event.keys;
    if (event.type === 'page') emit(onPage, layout, 0, isBot ? BOT_VIEW : VIEW);
    if (event.type !== 'activity' || isBot) return;
    MEASURES[1] = event.engagedMs;
    MEASURES[2] = event.visibleMs;
    emit(onPage, layout, 0, MEASURES);
  },
};

export const pages = {
  name: 'pages',
  counts: 'views of pages, by class of viewport, and how long people were engaged there and saw them; views by known bots apart',
  dimensions: ['day', 'page', 'layout'],
  measures: ['views', 'engagedMs', 'visibleMs', 'botViews'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows: joined(parted),
  parted,
} as const satisfies View<WebEvent>;
