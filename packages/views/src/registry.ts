/**
 * All views, in the order reports list them. `credit` depends on touches before a conversion; the others look at their
 * anchor alone.
 *
 * | view        | anchor     | dimensions                                           | measures                 |
 * | activity    | any event  | day, type                                            | events                   |
 * | touches     | touch      | day, channel, campaign, type, currency               | touches, costMinor       |
 * | conversions | conversion | day, type, currency                                  | conversions, valueMinor  |
 * | credit      | conversion | day, model, type, channel, campaign, currency        | creditMicros, valueMinor |
 *
 * An absent campaign or currency reads `(none)`; a conversion with no eligible touch credits the channel `(unattributed)`.
 */
import { activity } from './activity/fold.ts';
import { conversions } from './conversions/fold.ts';
import { credit } from './credit/fold.ts';
import { touches } from './touches/fold.ts';
import type { View } from './view.ts';

export const VIEWS: readonly View[] = [activity, touches, conversions, credit];
