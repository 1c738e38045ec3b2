/** Which pages of the console the README and docs/console.md show as pictures, as the demo of `npm start` has them. */
import type { PageName } from '../../packages/console/src/page-names.ts';

export const PICTURES_FOLDER = 'docs/images';
/** Each is loaded with the page that shows it. */
export const MOST_BYTES = 150_000;
export const WIDTH = 1_280;

export interface Picture {
  /** In PICTURES_FOLDER. */
  readonly file: string;
  readonly page: PageName;
  /** What is chosen on the page, as its address has it. */
  readonly search: string;
  readonly theme: 'light' | 'dark';
  /** The heading of the part at the upper edge; the page begins there where it is null. */
  readonly from: string | null;
  readonly height: number;
}

/** `search`: `{order}` and `{user}` stand for a conversion of the demo. */
export const PICTURES: readonly Picture[] = [
  { file: 'console-attribution.webp', page: 'attribution', search: '', theme: 'light', from: null, height: 900 },
  { file: 'console-paths.webp', page: 'paths', search: '', theme: 'dark', from: null, height: 900 },
  {
    file: 'console-conversion.webp',
    page: 'conversion',
    search: 'id={order}&user={user}',
    theme: 'light',
    from: null,
    height: 900,
  },
  {
    file: 'console-web.webp',
    page: 'web',
    search: 'page=/rooms/:sku&layout=1440&over=moves',
    theme: 'light',
    from: 'Attention',
    height: 860,
  },
  { file: 'console-live.webp', page: 'live', search: '', theme: 'dark', from: null, height: 900 },
  { file: 'console-operations.webp', page: 'operations', search: '', theme: 'light', from: null, height: 900 },
];
