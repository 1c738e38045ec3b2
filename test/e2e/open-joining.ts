/**
 * Loaded before all else by each process of a platform under test (`NODE_OPTIONS=--import`): opens the switch of decision 43, for barriers and for what
 * users write. Where it is open already it changes nothing, and can go.
 */
import * as rules from '@tributary/model/identity/rules';

rules.JOINING.isOpen = true;
const written: { readonly _zod: { run: unknown } } = rules.IDENTITY_WRITTEN;
written._zod.run = rules.IDENTITY.optional()._zod.run;
