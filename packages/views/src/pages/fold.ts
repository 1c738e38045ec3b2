import { dayOf } from '@tributary/model/time';
import { type View, WEB_EVENT } from '../view.ts';
import type { WebEvent } from '../web/web-event.ts';

export const pages = {
  name: 'pages',
  counts: 'views of pages, by class of viewport, and how long people were engaged there and saw them; views by known bots apart',
  dimensions: ['day', 'page', 'layout'],
  measures: ['views', 'engagedMs', 'visibleMs', 'botViews'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows({ ts, type, page, layout, isBot, engagedMs, visibleMs }, _definitions, emit) {
    if (type !== 'page' && type !== 'activity') return;
    const isView = type === 'page' ? 1 : 0;
    const key = `${dayOf(ts)}\t${page}\t${layout}`;
    if (isBot) emit(key, [0, 0, 0, isView]);
    else emit(key, [isView, engagedMs, visibleMs, 0]);
  },
} as const satisfies View<WebEvent>;
