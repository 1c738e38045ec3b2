/** Page views: the load, what a page of one document does to its address, and pages that come back from the cache of the browser. */

import { clean } from './clean.ts';
import { on } from './clock.ts';
import { beginActivity, LAST, report } from './engagement.ts';
import { beginView, emit, view } from './events.ts';
import { leaveForms } from './forms.ts';
import { flush, LEAVING, sending } from './queue.ts';
import { settings } from './settings.ts';

interface EntryChange extends Event {
  readonly navigationType: 'push' | 'replace' | 'traverse' | 'reload' | null;
}

/** The address by which views differ, which stays in the page. */
let address: readonly string[] = [];

const addressNow = (): readonly string[] => location.href.split('#');

export function viewPage(nav: string): void {
  const referrer = nav === 'load' ? clean(document.referrer, settings.query) : view.url;
  address = addressNow();
  beginView();
  emit('page', { nav, referrer, vw: innerWidth, vh: innerHeight, docH: Math.min(1e7, document.documentElement.scrollHeight) });
  beginActivity();
  flush();
}

function leave(): void {
  leaveForms();
  report(LAST);
}

function changed(nav: string): void {
  const [before, fragmentBefore] = address;
  const [after, fragment] = addressNow();
  const isSame = before === after;
  if (isSame && (!settings.hash || fragmentBefore === fragment)) return;
  leave();
  viewPage(isSame ? 'hash' : nav);
}

export function watchViews(): void {
  const { navigation } = window as { navigation?: EventTarget };
  if (navigation)
    navigation.addEventListener('currententrychange', (event) => {
      const { navigationType: type } = event as EntryChange;
      if (type) changed(type === 'traverse' ? 'pop' : type);
    });
  else {
    for (const nav of ['push', 'replace'] as const) {
      const before = history[`${nav}State`];
      history[`${nav}State`] = function (...args) {
        before.apply(this, args);
        changed(nav);
      };
    }
    on('popstate', () => changed('pop'));
  }
  on('pagehide', () => {
    leave();
    flush(LEAVING);
  });
  on('pageshow', ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    sending.clear();
    viewPage('bfcache');
  });
}
