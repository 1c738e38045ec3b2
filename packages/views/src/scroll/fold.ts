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
    const { inLayout, bands } = event;
    for (const [band, ms] of bands.entries()) if (ms > 0) emit(`${inLayout}\t${band}`, [ms]);
  },
} as const satisfies View<WebEvent>;
