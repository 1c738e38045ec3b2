/** Every page, once: its heading, what it is for, and how it is drawn. */
import type { FunctionComponent } from 'preact';
import type { PageName } from '../../page-names.ts';
import type { Place } from '../state/place.ts';
import { AttributionPage } from './attribution.tsx';
import { SystemPage } from './system.tsx';

export interface PageProps {
  readonly place: Place;
}

interface Page {
  readonly title: string;
  readonly lead: string;
  readonly Page: FunctionComponent<PageProps>;
}

export const PAGE_TABLE: Partial<Readonly<Record<PageName, Page>>> = {
  attribution: {
    title: 'Attribution',
    lead: 'Which channels and campaigns the conversions are credited to, under each model.',
    Page: AttributionPage,
  },
  system: {
    title: 'System',
    lead: 'How far both layers are, and whether answers are complete.',
    Page: SystemPage,
  },
};
