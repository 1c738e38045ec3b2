import { joined, type PartedView } from '../parted-rows.ts';
import { type View, WEB_EVENT } from '../view.ts';
import { BANDS, type WebEvent } from '../web/web-event.ts';

const parted: PartedView<WebEvent> = {
  tails: [''],
  rows(event, emit) {
    if (event.type !== 'activity' || event.isBot || event.bands.length === 0) return;
    const { onPage, layout } = event.keys;
    emit(onPage, layout, 0, event.bands);
  },
};

/** One row for a report, not one for each band of it: what a row costs is its key more than its measures. */
export const scrollBands = {
  name: 'scrollBands',
  counts: 'how long people were engaged with each twentieth of a page, from its top (band0Ms) to its end (band19Ms)',
  dimensions: ['day', 'page', 'layout'],
  measures: Array.from({ length: BANDS }, (_, band) => `band${band}Ms`),
  lens: WEB_EVENT,
  countsWeb: true,
  rows: joined(parted),
  parted,
} as const satisfies View<WebEvent>;
