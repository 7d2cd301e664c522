import { aws } from './aws.ts';
import { azure } from './azure.ts';
import { env } from './env.ts';
import { file } from './file.ts';
import { gcp } from './gcp.ts';
import type { SecretStore } from './store.ts';
import { vault } from './vault.ts';

/** Every store, by the scheme that a reference into it begins with. */
export const STORES: Readonly<Record<string, SecretStore>> = { env, file, aws, azure, gcp, vault };
