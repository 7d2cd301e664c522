import type { Config } from '../../config/config.ts';
import { matchRoute } from '../../config/match.ts';
import { hasJobs } from '../../jobs/sqlite/file.ts';
import { JobsApi } from './api.ts';
import { BackgroundResponses } from './background.ts';
import type { CallDeps } from './call.ts';
import { JobCalls } from './calls.ts';
import { JobHouse, type JobHouseDeps } from './house.ts';
import { Once } from './once.ts';
import { openQueue } from './store.ts';

/** Everything of a gateway that has to do with jobs. */
export interface Jobs {
  readonly house: JobHouse;
  readonly calls: JobCalls;
  readonly api: JobsApi;
  readonly background: BackgroundResponses;
  /** Takes up what an earlier process has left. */
  start(): void;
  /** Finishes what is in hand within a time, ms, and leaves the rest to whoever comes next. */
  stop(withinMs: number): Promise<void>;
}

type OpenDeps = Omit<JobHouseDeps, 'config' | 'queue' | 'forwardsKeys' | 'lookEveryMs' | 'shared'>;

/** Jobs that other processes on the same file have queued (`holdfast jobs retry`) are found after this long at most, ms. */
const LOOK_EVERY_MS = 5_000;

/** Other gateways tell of what they queue; this is for when that is not heard, and for jobs whose gateway was lost, ms. */
const LOOK_AT_OTHERS_EVERY_MS = 1_000;

/** Builds what jobs need. Nothing is opened before the first is asked for, or was left by an earlier process. */
export function openJobs(config: Config, deps: OpenDeps): Jobs {
  const queue = openQueue(config, deps.say);
  const house = new JobHouse({
    ...deps,
    config: config.jobs,
    queue,
    shared: config.jobs.database.kind === 'postgres',
    forwardsKeys: config.targets.some(({ key }) => key.kind === 'caller'),
    lookEveryMs: config.jobs.database.kind === 'postgres' ? LOOK_AT_OTHERS_EVERY_MS : LOOK_EVERY_MS,
  });
  const { handle } = deps;
  const calls: CallDeps = deps;
  const { slowReaderMs } = config.server.limits;
  const once = new Once({ house, slowReaderMs });
  const background = new BackgroundResponses({ house, handle, native: (model) => answersInBackground(config, model) });
  return {
    house,
    background,
    calls: new JobCalls({ house, handle, background, once, slowReaderMs }),
    api: new JobsApi({ house, once, limits: config.server.limits, calls }),
    start() {
      if (config.jobs.database.kind === 'postgres' || hasJobs(config.data)) house.start();
    },
    async stop(withinMs) {
      await house.stop(withinMs);
      await queue.close();
    },
  };
}

/** OpenAI's own API answers in the background, and so does Azure's; servers that are compatible with it do not. */
function answersInBackground({ routes, targets }: Config, model: string | null): boolean {
  const [first] = routes[matchRoute(routes, model)]?.ladder ?? [];
  const ids = first?.targets.map(({ target }) => target) ?? [];
  return ids.every((id) => {
    const provider = targets.find((target) => target.id === id)?.provider;
    return provider === 'openai' || provider === 'azure';
  });
}
