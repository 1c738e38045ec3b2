import { joined, type PartedView } from '../parted-rows.ts';
import { type View, WEB_EVENT } from '../view.ts';
import { BANDS, type WebEvent } from '../web/web-event.ts';

/** What a report adds that came from one twentieth to another, by both: made once. */
const REACHED = Array.from({ length: BANDS + 1 }, (_, from) =>
  Array.from({ length: BANDS + 1 }, (__, to) =>
    Array.from({ length: BANDS }, (___, band): number => (band >= from && band < to ? 1 : 0)),
  ),
);

const parted: PartedView<WebEvent> = {
  tails: [''],
  rows(event, emit) {
    if (event.type !== 'activity' || event.isBot) return;
    const [from, to] = event.reached;
    const { onPage, layout } = event.keys;
    if (to > from) emit(onPage, layout, 0, REACHED[from]?.[to] as readonly number[]);
  },
};

/** A report says how far its view was scrolled before it, so each view counts once for a band, in the report that reached it. */
export const scrollReach = {
  name: 'scrollReach',
  counts: 'how many views of a page came to each twentieth of it, from its top (band0Views) to its end (band19Views)',
  dimensions: ['day', 'page', 'layout'],
  measures: Array.from({ length: BANDS }, (_, band) => `band${band}Views`),
  lens: WEB_EVENT,
  countsWeb: true,
  rows: joined(parted),
  parted,
} as const satisfies View<WebEvent>;
