/** What those import who bundle the tracker into scripts of their own: `start({ key, url, attention })`. */
import type { Options } from './page/settings.ts';

export { type Consent, type Options, start, type Tracker } from './page/tracker.ts';
export const attention: Options['attention'] = () => import('./attention/attention.ts');
