import { calls } from './0001-calls.ts';
import { tenants } from './0002-tenants.ts';
import { cost } from './0003-cost.ts';
import { callers } from './0004-callers.ts';
import { notes } from './0005-notes.ts';
import { rollups } from './0006-rollups.ts';
import { search } from './0007-search.ts';
import type { Migration } from './migration.ts';

/** Every migration, in order. */
export const MIGRATIONS: readonly Migration[] = [calls, tenants, cost, callers, notes, rollups, search];
