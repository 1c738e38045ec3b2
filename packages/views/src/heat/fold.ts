import { type View, WEB_EVENT } from '../view.ts';
import { nameOf, type WebEvent } from '../web/web-event.ts';

export const heat = {
  name: 'heat',
  counts:
    'where in the boxes of elements people click (a count) and move (ms), in cells of 16 × 16, 16 × 64 for moves over tall ones, by rows',
  dimensions: ['day', 'page', 'layout', 'element', 'kind', 'cell'],
  measures: ['n'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows(event, _definitions, emit) {
    const { inLayout, isBot } = event;
    if (isBot) return;
    const key = (element: string, kind: string, cell: number) => `${inLayout}\t${element}\t${kind}\t${cell}`;
    if (event.type === 'click' && event.kind !== undefined && event.cell !== undefined)
      emit(key(event.element, event.kind, event.cell), [1]);
    if (event.type === 'activity')
      for (const [element, cell, ms] of event.cells) if (ms > 0) emit(key(nameOf(element), 'move', cell), [ms]);
  },
} as const satisfies View<WebEvent>;
