/** What every report is chosen by: days, layer and currency. */
import { useAnswer } from '../state/answers.ts';
import { addressWith, type Changes, go, type Place, placeNow } from '../state/place.ts';
import { dayBefore, dayOf, daysOf, PRESET_OPTIONS, presetChange, type ReportDays } from '../state/window.ts';
import { Segmented, Select } from './controls.tsx';
import { currenciesOf } from './currencies.ts';

type Layer = 'merged' | 'speed' | 'batch' | 'staged';

export interface ReportChoice {
  readonly days: ReportDays;
  readonly layer: Layer;
  /** The one that amounts are in; null: there are several and none was chosen, or it is not certain. */
  readonly currency: string | null;
  /** `currency` of a question; absent where the data have one alone. */
  readonly filter: { readonly currency?: string };
  readonly isKnown: boolean;
  readonly change: (changes: Changes) => void;
  /** The address with some of it changed. */
  readonly link: (changes: Changes) => string;
}

const LAYERS: readonly (readonly [Layer, string])[] = [
  ['merged', 'Merged'],
  ['batch', 'Batch alone'],
  ['speed', 'Live alone'],
];

export function useReportChoice(place: Place) {
  const ofConversions = useAnswer('conversions', { by: ['currency'] });
  const ofTouches = useAnswer('touches', { by: ['currency'] });
  const both = [ofConversions, ofTouches];
  const { names, only } = currenciesOf(both.map(({ answer }) => answer));
  const asked = place.query.get('currency');
  const choice: ReportChoice = {
    ...choiceWithoutMoney(place),
    currency: asked ?? only,
    filter: asked === null ? {} : { currency: asked },
    isKnown: both.every(({ isWaiting }) => !isWaiting),
  };
  return { choice, currencies: names };
}

/** For a report without amounts. */
export function choiceWithoutMoney(place: Place): ReportChoice {
  const layerAsked = place.query.get('layer');
  return {
    days: daysOf(place.query, Date.now()),
    layer: layerAsked === 'staged' ? layerAsked : (LAYERS.find(([layer]) => layer === layerAsked)?.[0] ?? 'merged'),
    currency: null,
    filter: {},
    isKnown: true,
    // From the address as it is then: what was drawn before may be clicked later.
    change: (changes) => go(addressWith(placeNow(), changes), { replaces: true }),
    link: (changes) => addressWith(place, changes),
  };
}

/** What a report is asked for by. */
export function rangeIn({ days, layer, filter }: ReportChoice) {
  return {
    ...(days.from !== undefined && { from: days.from }),
    ...(days.to !== undefined && { to: days.to }),
    ...(layer !== 'merged' && { layer }),
    ...filter,
  };
}

export function ReportControls({ choice, currencies }: ReturnType<typeof useReportChoice>) {
  const { days, layer, currency, change } = choice;
  const presets = [...PRESET_OPTIONS, { value: 'own', text: 'Dates' }];
  const layers = LAYERS.map(([value, text]) => ({ value: value as string, text }));
  return (
    <>
      <Segmented
        name="Days"
        options={presets}
        value={days.choice}
        choose={(value) => change(presetChange(value, days, Date.now()))}
      />
      {days.choice === 'own' && (
        <div class="field dates">
          <label>
            From
            <input
              type="date"
              value={days.from}
              max={dayOf(Date.now())}
              onChange={(event) => change({ from: event.currentTarget.value })}
            />
          </label>
          <label>
            to
            <input
              type="date"
              value={days.to === undefined ? '' : dayBefore(days.to)}
              onChange={(event) => change({ to: event.currentTarget.value })}
            />
          </label>
        </div>
      )}
      <Segmented
        name="Layer"
        options={layer === 'staged' ? [...layers, { value: 'staged', text: 'Staged' }] : layers}
        value={layer}
        choose={(value) => change({ layer: value === 'merged' ? null : value })}
      />
      {currencies.length > 1 && (
        <Select
          name="Currency"
          options={[{ value: '', text: 'All, counts alone' }, ...currencies.map((value) => ({ value, text: value }))]}
          value={currency ?? ''}
          choose={(value) => change({ currency: value || null })}
        />
      )}
    </>
  );
}
