/** A page's tracker: `start` begins with the page view that is under way. */
import { watchClicks } from './clicks.ts';
import { on } from './clock.ts';
import { watchActivity } from './engagement.ts';
import { emit, setConsent } from './events.ts';
import { watchForms } from './forms.ts';
import { type Consent, configure, type Options, settings } from './settings.ts';
import { viewPage, watchViews } from './views.ts';

export type { Consent, Options } from './settings.ts';

export interface Tracker {
  /** What the visitor decided; it goes before what the browser asks for. `denied` removes all that was stored. */
  consent(given: Consent): void;
  /** Something of the page's own, such as `Signup`; `properties` are yours to answer for. */
  track(event: string, properties?: object): void;
  /** From now on events are those of this user too. */
  user(id: string): void;
}

/** Once a document. */
export function start(options: Options): Tracker {
  // A page that is rendered beforehand may never be seen.
  const whenActive = (work: () => void) => {
    if ((document as { prerendering?: boolean }).prerendering) on('prerenderingchange', work);
    else work();
  };
  whenActive(() => {
    configure(options);
    const { globalPrivacyControl, doNotTrack } = navigator as { globalPrivacyControl?: boolean; doNotTrack?: string | null };
    setConsent(globalPrivacyControl || doNotTrack === '1' ? 'denied' : options.consent || 'granted');
    viewPage('load');
    watchActivity();
    watchClicks();
    watchForms();
    watchViews();
  });
  return {
    consent: (given) => whenActive(() => setConsent(given) && viewPage('load')),
    track: (event, properties) => whenActive(() => emit(event, properties)),
    user: (id) => whenActive(() => configure({ ...settings, user: id })),
  };
}
