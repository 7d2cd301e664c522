import { aws } from './aws.ts';
import { cockatiel } from './cockatiel.ts';
import { holdfast, holdfastUnbroken } from './holdfast.ts';
import { litellm } from './litellm.ts';
import { none } from './none.ts';
import { opossum } from './opossum.ts';
import type { Policy } from './policy.ts';
import { portkey } from './portkey.ts';
import { sdk } from './sdk.ts';

/** Every client that is compared, Holdfast last. */
export const POLICIES: readonly Policy[] = [
  none,
  sdk,
  litellm,
  portkey,
  aws,
  cockatiel,
  opossum,
  holdfastUnbroken,
  holdfast,
];
