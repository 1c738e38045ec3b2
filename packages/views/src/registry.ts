/**
 * All views, in the order reports list them.
 *
 * | view            | anchor            | dimensions                                    | measures                            |
 * | activity        | any event         | day, type                                     | events                              |
 * | touches         | touch             | day, channel, campaign, type, currency        | touches, costMinor                  |
 * | conversions     | conversion        | day, type, currency                           | conversions, valueMinor             |
 * | credit          | conversion        | day, model, type, channel, campaign, currency | creditMicros, valueMinor            |
 * | coalitions      | conversion        | day, type, channels, currency                 | conversions, valueMinor             |
 * | transitions     | conversion        | day, type, from, to, currency                 | conversions, valueMinor             |
 * | nullCoalitions  | end of null path  | day, channels                                 | nulls                               |
 * | nullTransitions | end of null path  | day, from, to                                 | nulls                               |
 * | paths           | conversion        | day, type, path, currency                     | conversions, valueMinor             |
 * | pathShapes      | conversion        | day, type, touches, lagDays, currency         | conversions, valueMinor             |
 * | channelLags     | conversion        | day, type, channel, lagDays, currency         | conversions, valueMinor             |
 * | assists         | conversion        | day, type, channel, campaign, currency        | assisted…, participated… and values |
 * | positions       | conversion        | day, type, channel, position, currency        | creditMicros, valueMinor            |
 *
 * An absent campaign or currency reads `(none)`; a conversion with no eligible touch credits the channel `(unattributed)`, and its
 * set, path and state are "". A set, a path or a state is its channels joined by U+001F (journeys/channels.ts).
 */
import { activity } from './activity/fold.ts';
import { assists } from './assists/fold.ts';
import { channelLags } from './channel-lags/fold.ts';
import { coalitions } from './coalitions/fold.ts';
import { conversions } from './conversions/fold.ts';
import { credit } from './credit/fold.ts';
import { nullCoalitions } from './null-coalitions/fold.ts';
import { nullTransitions } from './null-transitions/fold.ts';
import { pathShapes } from './path-shapes/fold.ts';
import { paths } from './paths/fold.ts';
import { positions } from './positions/fold.ts';
import { touches } from './touches/fold.ts';
import { transitions } from './transitions/fold.ts';
import type { View } from './view.ts';

export const VIEWS: readonly View[] = [
  activity,
  touches,
  conversions,
  credit,
  coalitions,
  transitions,
  nullCoalitions,
  nullTransitions,
  paths,
  pathShapes,
  channelLags,
  assists,
  positions,
];
