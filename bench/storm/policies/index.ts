import { holdfast, holdfastUnbroken } from './holdfast.ts';
import { none } from './none.ts';
import type { Policy } from './policy.ts';
import { sdk } from './sdk.ts';

/** Every client that is compared, Holdfast last. */
export const POLICIES: readonly Policy[] = [none, sdk, holdfastUnbroken, holdfast];
