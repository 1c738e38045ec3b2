/** Lies about amounts that are converted, and about the rates that no row follows. */
import type { Mutation } from './mutation-list.ts';

export const MUTATIONS_OF_EXCHANGE_RATES: readonly Mutation[] = [
  {
    lie: 'each cell of a converted report is rounded by itself',
    law: '4',
    file: 'packages/model/src/exchange-rates.ts',
    from: 'integerOf(isRaised ? floor + 1n : floor)',
    to: 'integerOf(floor)',
    test: 'services/api/test/converted.test.ts',
  },
  {
    lie: 'a yen has a hundred minor units where it is converted',
    law: '4',
    file: 'packages/model/src/exchange-rates.ts',
    from: 'fraction.length + decimalsOf(from)',
    to: 'fraction.length + 2',
    test: 'services/api/test/converted.test.ts',
  },
  {
    lie: 'costs stay in their currencies where value is converted',
    law: '4',
    file: 'packages/reports/src/rows/converted.ts',
    from: 'costs: counts.costs === null ? null : inOne(counts.costs),',
    to: 'costs: counts.costs,',
    test: 'services/api/test/converted.test.ts',
  },
  {
    lie: 'amounts without a rate are added as they are',
    law: '4',
    file: 'packages/reports/src/rows/converted.ts',
    from: '  demandRatesOf([...values, ...costs], rates);\n',
    to: '',
    test: 'services/api/test/converted.test.ts',
  },
  {
    lie: 'a refund is converted towards zero where its sale is not',
    law: '4',
    file: 'packages/model/src/exchange-rates.ts',
    from: 'return integerOf(exact < 0n ? -rounded : rounded);',
    to: 'return integerOf(exact < 0n ? exact / denominator : rounded);',
    test: 'packages/model/src/exchange-rates.test.ts',
  },
  {
    lie: 'other exchange rates make answers incomplete',
    law: '7',
    file: 'services/speed/src/partition-run.ts',
    from: '  if (isOfSameRows) return;\n',
    to: '',
    test: 'services/speed/test/other-rates.test.ts',
  },
  {
    lie: 'other windows serve the rows of the base',
    law: '1',
    file: 'packages/archive/src/compute/compute-plan.ts',
    from: 'base.definitionsVersion === definitionsVersion &&',
    to: "base.definitionsVersion !== '' &&",
    test: 'jobs/recompute/test/other-rates.test.ts',
  },
  {
    lie: 'exchange rates are in the version that rows follow',
    law: '1',
    file: 'packages/model/src/definitions.ts',
    from: 'version: sha256Hex(canonical).slice(0, 12),',
    to: "version: sha256Hex(canonical + JSON.stringify(exchangeRates ?? '')).slice(0, 12),",
    test: 'packages/model/src/definitions.test.ts',
  },
];
