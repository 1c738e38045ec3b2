import { type View, WEB_EVENT } from '../view.ts';
import type { WebEvent } from '../web/web-event.ts';

export const forms = {
  name: 'forms',
  counts:
    'fields of forms on pages: how often they were left, changed or not, for how long they had the focus, and where forms were sent or given up',
  dimensions: ['day', 'page', 'form', 'field'],
  measures: ['focused', 'changed', 'submitted', 'lastField', 'ms'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows(event, _definitions, emit) {
    if (event.type !== 'form' || event.isBot || event.action === undefined) return;
    const { form, field, action, ms } = event;
    const isLeft = action === 'focus' || action === 'change';
    const is = (one: typeof action) => (action === one ? 1 : 0);
    emit(`${event.keys.onPage}\t${form}\t${field}`, [isLeft ? 1 : 0, is('change'), is('submit'), is('abandon'), isLeft ? ms : 0]);
  },
} as const satisfies View<WebEvent>;
