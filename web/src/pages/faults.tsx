import type { JSX } from 'preact';
import { get, withQuery } from '../api.ts';
import { ago, count, exact, many } from '../format.ts';
import { news } from '../live.ts';
import { Empty, Panel, Shown, Tag } from '../parts/notice.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { Spark } from '../parts/spark.tsx';
import { callAt } from '../parts/call-table.tsx';
import { useResource } from '../resource.ts';
import { href } from '../router.ts';
import { type FaultGroup, readFaultGroups } from '../shapes/fault-group.ts';
import { Shell } from '../shell.tsx';
import { freshness, rangeQuery, timeRange } from '../time-range.ts';

/** What goes wrong, grouped: whose fault it is, who is hit, and what to do about it. */
export function FaultsPage(): JSX.Element {
  const range = timeRange.value;
  const asked = withQuery('/faults', rangeQuery(range));
  const { everyMs, hearsNews } = freshness(range);
  const faults = useResource(asked, (signal) => get(asked, readFaultGroups, signal), {
    everyMs,
    ...(hearsNews ? { news: news.value } : {}),
  });
  return (
    <Shell title="Faults" controls={<RangePicker />}>
      <Shown resource={faults}>
        {(groups) =>
          groups.length === 0 ? (
            <div class="panel">
              <Empty>
                No attempt met a fault in {range.words}.{' '}
                <a data-page href={href('/')}>
                  The overview
                </a>{' '}
                tells whether there were calls at all.
              </Empty>
            </div>
          ) : (
            <div class="stack">
              {groups.map((group) => (
                <Group key={`${group.kind} ${group.target} ${group.model}`} group={group} />
              ))}
            </div>
          )
        }
      </Shown>
    </Shell>
  );
}

function Group({ group }: { readonly group: FaultGroup }): JSX.Element {
  const { kind, party, target, model, calls, attempts, firstAt, lastAt, example } = group;
  return (
    <Panel
      title={kind}
      group
      aside={
        <>
          <span>
            {target === null ? 'before any target' : target}
            {model === null ? '' : `, ${model}`}
          </span>
          <Tag>{party} at fault</Tag>
          <Spark values={group.series} harm={group.series} label={`${many(attempts, 'attempt')} over time`} />
        </>
      }
    >
      <div class="inside two">
        <div class="stack tight">
          <p>{group.meaning}</p>
          <p>
            <span class="strong">What to do:</span> {example?.remedy || group.remedy}
          </p>
          {example === null ? null : (
            <p class="small quiet">
              Last said: “{example.message}” in{' '}
              <a data-page data-row class="mono" href={callAt(example.id)}>
                {example.id}
              </a>
            </p>
          )}
        </div>
        <dl class="facts">
          <dt>callers told</dt>
          <dd>
            <span class={calls > 0 ? 'harm strong' : ''}>{many(calls, 'call')}</span>
            {calls === 0 ? ': all were answered in the end' : ''}
          </dd>
          <dt>attempts</dt>
          <dd>{count(attempts)}</dd>
          <dt>first seen</dt>
          <dd>
            {ago(firstAt)} <span class="quiet">({exact(firstAt)})</span>
          </dd>
          <dt>last seen</dt>
          <dd>{ago(lastAt)}</dd>
          <dt>who is hit</dt>
          <dd>
            <Hit group={group} />{' '}
            <a data-page href={href('/calls', { fault: kind, target, model })}>
              their calls
            </a>
          </dd>
        </dl>
      </div>
    </Panel>
  );
}

function Hit({ group: { tenants, tenantCount } }: { readonly group: FaultGroup }): JSX.Element {
  const names = tenants
    .map(({ tenant, count: times }) => `${tenant ?? 'calls without a tenant'} (${count(times)})`)
    .join(', ');
  const more = tenantCount - tenants.length;
  return (
    <>
      {names}
      {more > 0 ? ` and ${many(more, 'more tenant')}` : ''}
    </>
  );
}
