/** `<script async src="URL/web.js" data-key="tb_…"></script>`: settings are attributes, and where bodies go follows from the address of the script. */
import type { Options } from './settings.ts';
import { start, type Tracker } from './tracker.ts';

type Call = { [Name in keyof Tracker]: [Name, ...Parameters<Tracker[Name]>] }[keyof Tracker];

// Calls of a page that was quicker than its script wait in an array; anything else is a tracker that has begun.
const page = window as unknown as { tributary?: Call[] | { push(...calls: readonly Call[]): void } };
const { tributary: waiting = [] } = page;
if (Array.isArray(waiting)) {
  const { src, dataset } = document.currentScript as HTMLScriptElement;
  const { to, attention } = dataset;
  const base = src.replace(/\.js(\?.*)?$/, '');
  const tracker = start({
    ...(dataset as unknown as Options),
    url: to || base,
    attention: attention === 'off' ? undefined : () => import(`${base}-attention.js`),
  });
  const push = (...calls: readonly Call[]) => {
    for (const [name, ...args] of calls) (tracker[name] as (...all: readonly unknown[]) => void)(...args);
  };
  page.tributary = { push };
  push(...waiting);
}
