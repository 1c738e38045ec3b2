import { type View, WEB_EVENT } from '../view.ts';
import type { WebEvent } from '../web/web-event.ts';

export const pages = {
  name: 'pages',
  counts: 'views of pages, by class of viewport, and how long people were engaged there and saw them; views by known bots apart',
  dimensions: ['day', 'page', 'layout'],
  measures: ['views', 'engagedMs', 'visibleMs', 'botViews'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows(event, _definitions, emit) {
    const { isBot } = event;
    const { inLayout } = event.keys;
    if (event.type === 'page') emit(inLayout, isBot ? [0, 0, 0, 1] : [1, 0, 0, 0]);
    else if (event.type === 'activity' && !isBot) emit(inLayout, [0, event.engagedMs, event.visibleMs, 0]);
  },
} as const satisfies View<WebEvent>;
