/** What a report says of the counts that its models were run on. */
import { isShared } from '@tributary/attribution/models/catalogue';
import { SHARED_MODELS } from '@tributary/attribution/models/shared-models';
import { OTHER } from '@tributary/model/channels/channel';
import type { Findings } from '@tributary/serving/meta';
import type { Snapshot } from '@tributary/serving/snapshot';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { ReportQuestion } from '../question.ts';
import type { ChannelNames } from './channel-names.ts';
import type { JourneyCounts } from './journey-counts.ts';

const SAME_NAMES = 'all models of this comparison see the channels so grouped: a report of one model may tell more of them apart';

export function findingsOfJourneys(
  { sizes, sets, edges }: JourneyCounts,
  { models, layers }: ReportQuestion,
  { definitions: [{ trackedChannels }] }: Pick<Snapshot, 'definitions'>,
  { grouped, hasUnclaimed }: ChannelNames,
): Findings {
  const holes: string[] = [];
  const notes: string[] = [];
  if (hasUnclaimed) notes.push(`a channel is named ${UNATTRIBUTED}, as conversions without a path are: it reads ${OTHER}`);
  if (grouped > 0)
    notes.push(
      `the ${grouped} smallest channels are grouped into ${OTHER}: name those to tell apart in definitions.attribution.channels`,
    );
  if (trackedChannels !== null) {
    const met = sizes.ofConversions.reduce((sum, { channel, amount }) => sum + (channel === OTHER ? amount : 0), 0);
    if (met > 0)
      notes.push(`${met} conversions met channels that definitions.attribution.channels does not list: they read ${OTHER}`);
  } else if (sizes.capped > 0 && models.some(looksAtSets))
    notes.push(`${sizes.capped} conversions met more than 20 channels: their set counts as the channel ${OTHER}`);
  const negative = (sets?.negative ?? 0) + (edges?.negative ?? 0);
  if (negative > 0) {
    const finding = `${negative} counts are below 0 and were left out of the model`;
    if (layers === 'speed')
      notes.push(`${finding}: the deltas correct what the batch counted. Models of layers do not add up, counts do`);
    else holes.push(`${finding}: more was taken back than was counted`);
  }
  if (grouped > 0 && models.length > 1) notes.push(SAME_NAMES);
  return { holes, notes };
}

function looksAtSets(model: ReportQuestion['models'][number]): boolean {
  return isShared(model) && (SHARED_MODELS[model].looksAt.sizes || SHARED_MODELS[model].looksAt.sets);
}
