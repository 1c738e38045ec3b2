/** Every page, once: its heading, what it is for, and how it is drawn. */
import type { FunctionComponent } from 'preact';
import type { PageName } from '../../page-names.ts';
import { AttributionPage } from './attribution.tsx';
import { ConversionPage } from './conversion.tsx';
import { ConversionsPage } from './conversions.tsx';
import { DeadLettersPage } from './dead-letters.tsx';
import { LivePage } from './live.tsx';
import { OperationsPage } from './operations.tsx';
import type { PageProps } from './page-props.ts';
import { PathsPage } from './paths.tsx';
import { RejectionsPage } from './rejections.tsx';
import { SignalsPage } from './signals.tsx';
import { SubjectsPage } from './subjects.tsx';
import { SystemPage } from './system.tsx';
import { UserPage } from './user.tsx';
import { WebPage } from './web.tsx';

interface Page {
  readonly title: string;
  readonly lead: string;
  readonly Page: FunctionComponent<PageProps>;
}

export const PAGE_TABLE: Readonly<Record<PageName, Page>> = {
  attribution: {
    title: 'Attribution',
    lead: 'Which channels and campaigns the conversions are credited to, under each model.',
    Page: AttributionPage,
  },
  paths: {
    title: 'Paths',
    lead: 'How visitors came to a conversion: through which channels, over how many touches and days.',
    Page: PathsPage,
  },
  conversions: {
    title: 'Conversions',
    lead: 'One by one, each with why its credit went where it went.',
    Page: ConversionsPage,
  },
  conversion: {
    title: 'One conversion',
    lead: 'Which touches came before it, and what each of them is credited under every model.',
    Page: ConversionPage,
  },
  web: {
    title: 'Web',
    lead: 'What people do on pages: which are viewed, which parts of them hold attention, where forms are given up.',
    Page: WebPage,
  },
  user: {
    title: 'User',
    lead: 'What one user did, which journeys that makes, and what signals and segments say of them.',
    Page: UserPage,
  },
  signals: {
    title: 'Signals and segments',
    lead: 'What the definitions in force ask of every user, and what they say of one.',
    Page: SignalsPage,
  },
  subjects: {
    title: 'Subjects',
    lead: 'Which keys one person has, who was erased, and where bytes of them may still lie.',
    Page: SubjectsPage,
  },
  live: {
    title: 'Live',
    lead: 'What comes in just now, and how far each partition is.',
    Page: LivePage,
  },
  operations: {
    title: 'Operations',
    lead: 'What the batch layer computed, who gets it, and how far real time was from it.',
    Page: OperationsPage,
  },
  rejections: {
    title: 'Rejections',
    lead: 'What was sent and never became an event, and which rule it broke.',
    Page: RejectionsPage,
  },
  'dead-letters': {
    title: 'Dead letters',
    lead: 'What could not be read as an event, and why.',
    Page: DeadLettersPage,
  },
  system: {
    title: 'System',
    lead: 'How far both layers are, and whether answers are complete.',
    Page: SystemPage,
  },
};
