import type { JSX } from 'preact';
import { get, withQuery } from '../api.ts';
import { count, exact, money, percent } from '../format.ts';
import { Chart } from '../parts/chart.tsx';
import { Empty, Panel, Shown, Tag } from '../parts/notice.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { useResource } from '../resource.ts';
import { href, query, setQuery } from '../router.ts';
import { type Costs, readCosts } from '../shapes/cost.ts';
import { Shell } from '../shell.tsx';
import { rangeQuery, timeRange } from '../time-range.ts';

const BY = ['tenant', 'user', 'workload', 'model', 'route'] as const;

const DAY_MS = 86_400_000;

/** What calls cost, for whom, what was paid for nothing, and what the month will come to. */
export function CostsPage(): JSX.Element {
  const by = BY.find((one) => one === query('by')) ?? 'tenant';
  const asked = withQuery('/costs', { ...rangeQuery(timeRange.value), by });
  const costs = useResource(asked, (signal) => get(asked, readCosts, signal), { everyMs: 30_000 });
  return (
    <Shell title="Costs" controls={<RangePicker />}>
      <Shown resource={costs}>
        {(value) => (
          <>
            <Sums costs={value} />
            {value.at.length < 2 ? null : (
              <Chart
                title="Cost"
                unit="dollars a day, UTC"
                at={value.at}
                stepMs={DAY_MS}
                look="bars"
                format={money}
                whole={[value.total.cost]}
                series={[{ label: 'cost', ink: '--c1', values: value.total.series }]}
              />
            )}
            <Budgets costs={value} />
            <Panel title={`By ${by}`} aside={<ByPicker by={by} />}>
              {value.rows.length === 0 ? (
                <Empty>No calls in {timeRange.value.words}.</Empty>
              ) : (
                <Rows costs={value} by={by} />
              )}
            </Panel>
          </>
        )}
      </Shown>
    </Shell>
  );
}

function ByPicker({ by }: { readonly by: string }): JSX.Element {
  return (
    <div class="choice" role="group" aria-label="Tell apart by">
      {BY.map((one) => (
        <button key={one} aria-pressed={one === by} onClick={() => setQuery({ by: one === 'tenant' ? null : one })}>
          {one}
        </button>
      ))}
    </div>
  );
}

function Sums({ costs: { total, wasted, forecast } }: { readonly costs: Costs }): JSX.Element {
  const reasons = wasted.filter(([, dollars]) => dollars > 0).map(([what, dollars]) => `${money(dollars)} ${what}`);
  return (
    <dl class="sums">
      <div>
        <dt>Cost</dt>
        <dd>{money(total.cost)}</dd>
        <dd>{count(total.calls)} calls</dd>
      </div>
      <div>
        <dt>For nothing</dt>
        <dd>{money(total.waste)}</dd>
        <dd>{reasons.length === 0 ? 'nothing wasted' : reasons.join(', ')}</dd>
      </div>
      <div>
        <dt>Without a price</dt>
        <dd class={total.unpriced > 0 ? 'worn' : ''}>{count(total.unpriced)}</dd>
        <dd>{total.unpriced > 0 ? 'calls that the cost leaves out' : 'every call has one'}</dd>
      </div>
      <div>
        <dt>{forecast === null ? 'Month' : `Month ${forecast.month}`}</dt>
        <dd>{forecast === null ? '–' : `≈ ${money(forecast.expected)}`}</dd>
        <dd>
          {forecast === null
            ? 'a whole day is needed to go by'
            : `${money(forecast.low)} to ${money(forecast.high)}; ${money(forecast.spent)} so far`}
        </dd>
      </div>
    </dl>
  );
}

function Budgets({ costs: { budgets } }: { readonly costs: Costs }): JSX.Element | null {
  if (budgets.length === 0) return null;
  return (
    <Panel title="Budgets" aside={<span class="small quiet">the nearest to its end first</span>}>
      <div class="table-frame" tabIndex={0} role="group" aria-label="Budgets">
        <table>
          <thead>
            <tr>
              <th>Of</th>
              <th>Use</th>
              <th class="right">Used</th>
              <th class="right">Budget</th>
              <th>Pace</th>
              <th>Used up</th>
              <th>Then</th>
            </tr>
          </thead>
          <tbody>
            {budgets.map((budget) => {
              const tone = budget.share >= 1 ? 'harm' : budget.burn > 1 ? 'worn' : 'plain';
              return (
                <tr key={budget.quota}>
                  <td class="still">
                    {budget.level} <span class="mono">{budget.holder}</span>
                  </td>
                  <td>
                    <span class="meter" data-tone={tone} aria-hidden="true" style={{ display: 'block' }}>
                      <span style={{ width: `${Math.min(1, budget.share) * 100}%` }} />
                    </span>
                    <span class="under">
                      {percent(budget.share)} of the {budget.period}
                    </span>
                  </td>
                  <td class="right">{money(budget.used)}</td>
                  <td class="right">{money(budget.limit)}</td>
                  <td class="still">
                    {budget.burn > 1 ? (
                      <Tag tone="worn">{budget.burn.toFixed(1)}× too fast</Tag>
                    ) : (
                      <span class="quiet">lasts</span>
                    )}
                  </td>
                  <td class="still">
                    {budget.share >= 1 ? (
                      'now'
                    ) : budget.endsAt === null ? (
                      <span class="quiet">not in this {budget.period}</span>
                    ) : (
                      exact(budget.endsAt)
                    )}
                  </td>
                  <td class="still quiet">{budget.refuses ? 'calls are refused' : 'a warning'}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Rows({
  costs: { rows, others, total },
  by,
}: {
  readonly costs: Costs;
  readonly by: (typeof BY)[number];
}): JSX.Element {
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label={`Cost by ${by}`}>
      <table>
        <thead>
          <tr>
            <th>{by}</th>
            <th>Share</th>
            <th class="right">Cost</th>
            <th class="right">For nothing</th>
            <th class="right">Calls</th>
            <th class="right">Tokens in</th>
            <th class="right">Tokens out</th>
            <th class="right">Without a price</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const share = total.cost === 0 ? 0 : row.cost / total.cost;
            return (
              <tr key={`${row.tenant} ${row.id}`}>
                <td>
                  {row.id === null ? (
                    <span class="quiet">none</span>
                  ) : (
                    <a
                      data-page
                      data-row
                      href={href('/calls', { [by]: row.id, tenant: by === 'tenant' ? row.id : row.tenant })}
                    >
                      {row.id}
                    </a>
                  )}
                  {row.tenant === null || by === 'tenant' ? null : <span class="under">of {row.tenant}</span>}
                </td>
                <td>
                  <span class="meter" aria-hidden="true" style={{ display: 'block' }}>
                    <span style={{ width: `${share * 100}%` }} />
                  </span>
                </td>
                <td class="right">{money(row.cost)}</td>
                <td class="right">{money(row.waste)}</td>
                <td class="right">{count(row.calls)}</td>
                <td class="right">{count(row.inputTokens)}</td>
                <td class="right">{count(row.outputTokens)}</td>
                <td class="right">
                  {row.unpriced === 0 ? <span class="quiet">0</span> : <span class="worn">{count(row.unpriced)}</span>}
                </td>
              </tr>
            );
          })}
          {others === null ? null : (
            <tr>
              <td class="quiet">all others</td>
              <td />
              <td class="right">{money(others.cost)}</td>
              <td class="right">{money(others.waste)}</td>
              <td class="right">{count(others.calls)}</td>
              <td class="right">{count(others.inputTokens)}</td>
              <td class="right">{count(others.outputTokens)}</td>
              <td class="right">{count(others.unpriced)}</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
