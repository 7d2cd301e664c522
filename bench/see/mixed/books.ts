import type { Json, MixedHouse } from './house.ts';

/** One line of what is scraped. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What is counted of faults, alike in the overview, the matrix and the list of faults. */
interface FaultCount {
  readonly kind: string;
  readonly calls: number;
  readonly attempts: number;
}

export interface OverviewTotal extends Readonly<Record<string, unknown>> {
  readonly faults: readonly FaultCount[];
}

interface ShownOverview {
  readonly total: OverviewTotal;
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
}

interface ShownCell {
  readonly target: string;
  readonly model: string | null;
  readonly attempts: number;
  readonly failed: number;
  readonly retries: number;
  readonly fallbacks: number;
}

export interface ShownCall {
  readonly id: string;
  readonly tenant: string | null;
  readonly model: string | null;
  readonly outcome: string;
  readonly durationMs: number;
  readonly firstContentMs: number | null;
}

/** Everything that the gateway shows of a run, wherever it shows it. */
export interface Books {
  readonly overview: ShownOverview;
  readonly ofTenants: ReadonlyMap<string, OverviewTotal>;
  readonly cells: readonly ShownCell[];
  readonly faults: readonly (FaultCount & { readonly target: string | null })[];
  readonly costs: { readonly total: Json; readonly data: readonly Json[] };
  readonly calls: readonly ShownCall[];
  /** The sum of a metric over the labels that are not named. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => number;
}

/** @param since when the run began, ms since 1970 */
export async function openBooks(house: MixedHouse, tenants: readonly string[], since: number): Promise<Books> {
  const samples = samplesOf(await house.metrics());
  const range = `from=${new Date(since).toISOString()}`;
  const overview = async (group = ''): Promise<ShownOverview> =>
    (await house.admin(`/overview?${range}${group}`)) as unknown as ShownOverview;
  return {
    overview: await overview(),
    ofTenants: new Map(
      await Promise.all(tenants.map(async (id) => [id, (await overview(`&tenant=${id}`)).total] as const)),
    ),
    cells: (await house.admin(`/matrix?${range}`))['cells'] as Books['cells'],
    faults: (await house.admin(`/faults?${range}`))['data'] as Books['faults'],
    costs: (await house.admin(`/costs?by=tenant&${range}`)) as unknown as Books['costs'],
    calls: await allCalls(house),
    metric: (name, labels = {}) =>
      samples
        .filter((sample) => sample.name === name)
        .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
        .reduce((sum, { value }) => sum + value, 0),
  };
}

async function allCalls(house: MixedHouse): Promise<readonly ShownCall[]> {
  const calls: ShownCall[] = [];
  for (let after: string | null = null; ;) {
    const page = await house.admin(`/calls?limit=100${after === null ? '' : `&after=${after}`}`);
    calls.push(...(page['data'] as readonly ShownCall[]));
    after = page['next'] as string | null;
    if (after === null) return calls;
  }
}

function samplesOf(page: string): readonly Sample[] {
  return [...page.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text])),
    value: Number(value),
  }));
}
