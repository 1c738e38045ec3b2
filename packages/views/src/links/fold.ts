import { type View, WEB_EVENT } from '../view.ts';
import type { WebEvent } from '../web/web-event.ts';

export const links = {
  name: 'links',
  counts: 'links of pages that were followed, by the host that they lead to',
  dimensions: ['day', 'page', 'target', 'host'],
  measures: ['clicks'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows(event, _definitions, emit) {
    if (event.type !== 'link' || event.isBot) return;
    emit(`${event.keys.onPage}\t${event.target}\t${event.host}`, [1]);
  },
} as const satisfies View<WebEvent>;
