/** What definitions say of exchange rates. */
import { z } from 'zod';
import { isCurrency } from './currency.ts';
import { RATE } from './exchange-rates.ts';

const Currency = z.string().refine(isCurrency, 'be a code of ISO 4217, such as "EUR"').meta({ pattern: '^[A-Z]{3}$' });

/** What answers are converted by where they are asked for it; no row of a view follows them (decision 31). */
export const RATES = z
  .strictObject({
    to: Currency,
    /** What one of each is in `to`: major units, as decimal text. */
    rates: z
      .record(
        Currency,
        z
          .string({ error: ({ input }) => (typeof input === 'number' ? `be text: "${input}"` : 'be text') })
          .regex(RATE, 'be a positive decimal as text, such as "0.92", of at most 12 digits on either side of the point'),
      )
      .refine((rates) => Object.keys(rates).length <= 200, 'have at most 200 currencies')
      .meta({ maxProperties: 200 }),
  })
  .refine(({ to, rates }) => !Object.hasOwn(rates, to), 'have no rate of the currency that amounts are converted to, as it is 1');
