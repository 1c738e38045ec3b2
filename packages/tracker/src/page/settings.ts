/** What a page says of its tracker: the attributes of its script, or the same as an object. */

export type Consent = 'granted' | 'denied' | 'pending';

export interface Options {
  /** A key of the scope `browser`. */
  readonly key: string;
  /** Where bodies are sent. */
  readonly url: string;
  /** Default: `granted`; `denied` where the browser asks not to be tracked (GPC, DNT). */
  readonly consent?: Consent;
  /** An id of the user that the page knows. */
  readonly user?: string;
  /** Parameters of addresses that are kept besides campaigns and click ids, with spaces between them; `x*` is every one that begins with x. */
  readonly query?: string;
  /** Hosts, with their ports, that share the visitor's id: links to them carry it, and links from them are believed. With spaces between them. */
  readonly domains?: string;
  /** Anything: the fragment of the address is a route of the page. */
  readonly hash?: unknown;
  /** Which elements have a share of the page: a selector. Default: `[data-track]`. */
  readonly elements?: string;
  /** Loads what measures attention; absent: nothing does. */
  readonly attention?: (() => Promise<{ readonly attend: Attend }>) | undefined;
}

/** What attention is given of the page. */
export interface Host {
  readonly elements: string;
  now(): number;
  on(types: string, listener: (event: never) => void): void;
  pathOf(event: Event): Element[];
  keyOf(element: Element): string;
  /** Counts the time until now under what was true until now. */
  settle(): void;
}

export interface Attention {
  /** `engagedMs` of the time from `from` to `to`, in which the page was visible and had the focus. */
  settled(engagedMs: number, from: number, to: number): void;
  /** The page was hidden, or lost the focus: nothing is seen without a break. */
  interrupted(): void;
  /** An input; of a pointer or not. */
  pointed(event: PointerEvent): void;
  /** A click in the page; `dead` is called where nothing comes of it. */
  clicked(path: readonly Element[], isKey: boolean, dead: () => void): void;
  /** What is known since the last call, for a report of a view that says how far it was scrolled: with the address it is bounded. */
  take(url: string, maxScrollBp: number): object;
  /** Another page view begins. */
  begin(): void;
}

export type Attend = (host: Host) => Attention;

export let settings: Options;

export function configure(options: Options): void {
  settings = options;
}

/** Whether a host shares the visitor's id. A page without a referrer came from no host, and "" may stand between two spaces. */
export const shares = (host: string | undefined): boolean => !!settings.domains?.split(' ').includes(host as string);

export const elementsSelector = (): string => settings.elements || '[data-track]';
