/**
 * All views, in the order reports list them. Each file says what its rows are anchored at, their dimensions and their measures.
 *
 * An absent campaign or currency reads `(none)`; a conversion with no eligible touch credits the channel `(unattributed)`, and its
 * set, path and state are "". A set, a path or a state is its channels joined by U+001F (journeys/channels.ts).
 */
import { activity } from './activity/fold.ts';
import { assists } from './assists/fold.ts';
import { attention } from './attention/fold.ts';
import { attentionTotals } from './attention-totals/fold.ts';
import { channelLags } from './channel-lags/fold.ts';
import { coalitions } from './coalitions/fold.ts';
import { conversions } from './conversions/fold.ts';
import { counts } from './counts/fold.ts';
import { credit } from './credit/fold.ts';
import { exits } from './exits/fold.ts';
import { forms } from './forms/fold.ts';
import { heat } from './heat/fold.ts';
import { links } from './links/fold.ts';
import { nullCoalitions } from './null-coalitions/fold.ts';
import { nullTransitions } from './null-transitions/fold.ts';
import { orderNumbers } from './order-numbers/fold.ts';
import { pages } from './pages/fold.ts';
import { pathShapes } from './path-shapes/fold.ts';
import { paths } from './paths/fold.ts';
import { positions } from './positions/fold.ts';
import { scrollBands } from './scroll-bands/fold.ts';
import { scrollReach } from './scroll-reach/fold.ts';
import { segmentDays } from './segment-days/fold.ts';
import { sessionValues } from './session-values/fold.ts';
import { sessions } from './sessions/fold.ts';
import { touches } from './touches/fold.ts';
import { transitions } from './transitions/fold.ts';
import type { View } from './view.ts';

const ALL = [
  activity,
  touches,
  conversions,
  credit,
  coalitions,
  orderNumbers,
  transitions,
  nullCoalitions,
  nullTransitions,
  paths,
  pathShapes,
  channelLags,
  assists,
  positions,
  pages,
  links,
  forms,
  scrollBands,
  scrollReach,
  attention,
  attentionTotals,
  heat,
  sessions,
  exits,
  sessionValues,
  counts,
  segmentDays,
] as const satisfies readonly View[];

export type ViewName = (typeof ALL)[number]['name'];
/** Those of all views. */
export type Dimension = (typeof ALL)[number]['dimensions'][number];

export const VIEWS: readonly View[] = ALL;
