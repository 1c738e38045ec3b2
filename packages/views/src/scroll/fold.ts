import { dayOf } from '@tributary/model/time';
import { type View, WEB_EVENT } from '../view.ts';
import type { WebEvent } from '../web/web-event.ts';

export const scroll = {
  name: 'scroll',
  counts: 'how long people were engaged with each twentieth of a page, from the top (band 0) to its end',
  dimensions: ['day', 'page', 'layout', 'band'],
  measures: ['ms'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows(event, _definitions, emit) {
    if (event.type !== 'activity' || event.isBot) return;
    const { ts, page, layout, bands } = event;
    for (const [band, ms] of bands.entries()) if (ms > 0) emit(`${dayOf(ts)}\t${page}\t${layout}\t${band}`, [ms]);
  },
} as const satisfies View<WebEvent>;
