import { join } from 'node:path';
import type { Clock } from '../../engine/clock.ts';
import type { ToldList } from '../../providers/catalogue/told.ts';
import { checkKey, type KeyQuestion } from '../../providers/key-check.ts';
import { COMPATIBLE } from '../../providers/openai/compatible.ts';
import type { Config, TargetConfig } from '../config.ts';
import { FirstSeen } from './first-seen.ts';
import { KeyKeeper } from './keeper.ts';
import type { KeptKey } from './problems.ts';
import type { KeyEvent } from './report.ts';

export interface KeeperWishes {
  readonly tell: (event: KeyEvent) => void;
  /** Whether keys that are seen for the first time are remembered in the data directory; what is known there is used anyway. */
  readonly remember: boolean;
  /** Told what a target says of its models' limits when it is asked about its key. @default nobody */
  readonly hear?: (target: string, list: ToldList) => void;
}

/** The keeper of a configuration's keys: those that are held here, not those that callers bring. */
export function keeperFor(config: Config, clock: Clock, { tell, remember, hear }: KeeperWishes): KeyKeeper {
  const { environment, rotateEveryMs, policy } = config.keys;
  const keys = config.targets.flatMap((target) => keptKey(target, config) ?? []);
  return new KeyKeeper(keys, {
    clock,
    check: policy === 'off' ? null : checkKey,
    tell,
    hear,
    firstSeen: new FirstSeen(join(config.data, 'keys-first-seen.json'), remember),
    environment,
    rotateEveryMs,
  });
}

function keptKey(target: TargetConfig, config: Config): KeptKey | null {
  const { id, key, environment, rotateBy } = target;
  if (key.kind !== 'held') return null;
  const question = questionOf(target);
  return { target: id, secret: key, question, models: modelsAskedOf(id, config), environment, rotateBy };
}

/** What a target is asked for its models with, and about its key. */
export function questionOf(target: TargetConfig): KeyQuestion {
  const { provider, server, baseUrl, deployment, apiVersion, organization, project } = target;
  const headers: Record<string, string> = { ...target.headers };
  if (organization !== null) headers['openai-organization'] = organization;
  if (project !== null) headers['openai-project'] = project;
  const path = server === null ? {} : { path: COMPATIBLE[server].keyCheck };
  return { provider, server, baseUrl, deployment, apiVersion, headers, ...path };
}

/** The models that routes ask a target for by name; globs name none. */
function modelsAskedOf(id: string, { routes }: Config): string[] {
  const models = routes.flatMap((route) =>
    route.ladder
      .flatMap(({ targets }) => targets)
      .filter(({ target }) => target === id)
      .flatMap(({ model }) => (model === null ? route.models.filter((name) => !/[*?]/.test(name)) : [model])),
  );
  return [...new Set(models)];
}
