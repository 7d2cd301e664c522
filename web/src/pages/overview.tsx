import type { JSX } from 'preact';
import { get, withQuery } from '../api.ts';
import { clock, count, duration, many, money, rate, shareOf, step } from '../format.ts';
import { news } from '../live.ts';
import { Chart, type ChartSeries } from '../parts/chart.tsx';
import { MatrixTable } from '../parts/matrix-table.tsx';
import { Empty, Panel, Shown } from '../parts/notice.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { VerdictLine } from '../parts/verdict.tsx';
import { useResource } from '../resource.ts';
import { href, query, setQuery } from '../router.ts';
import { readMatrix } from '../shapes/matrix.ts';
import { type Overview, readOverview, type Steps } from '../shapes/overview.ts';
import { readTimeline } from '../shapes/timeline.ts';
import { Shell } from '../shell.tsx';
import { freshness, rangeQuery, timeRange } from '../time-range.ts';

/** What the figures can be held to, by the same names in the address and in the API. */
const FILTERS = ['target', 'model', 'tenant', 'route'] as const;

/** What is happening: in words, in figures, over time, by target, and what was changed meanwhile. */
export function OverviewPage(): JSX.Element {
  const range = timeRange.value;
  const only = Object.fromEntries(FILTERS.map((name) => [name, query(name)]).filter(([, value]) => value !== ''));
  const asked = { ...rangeQuery(range), ...only };
  const { everyMs, hearsNews } = freshness(range);
  const fresh = { everyMs, ...(hearsNews ? { news: news.value } : {}) };
  const overviewAt = withQuery('/overview', asked);
  const matrixAt = withQuery('/matrix', asked);
  // Changes are of the whole gateway, whatever the figures are held to.
  const timelineAt = withQuery('/timeline', rangeQuery(range));
  const overview = useResource(overviewAt, (signal) => get(overviewAt, readOverview, signal), fresh);
  const matrix = useResource(matrixAt, (signal) => get(matrixAt, readMatrix, signal), fresh);
  const timeline = useResource(timelineAt, (signal) => get(timelineAt, readTimeline, signal), {
    everyMs: 15_000,
  });
  return (
    <Shell title="Overview" controls={<RangePicker />}>
      <VerdictLine />
      <Only filters={only} />
      <Shown resource={overview}>
        {(value) => (
          <>
            <Sums overview={value} />
            <Charts overview={value} />
          </>
        )}
      </Shown>
      <Panel title="Providers and models" aside={<span class="small quiet">{range.words}</span>}>
        <Shown resource={matrix}>{(value) => <MatrixTable matrix={value} />}</Shown>
      </Panel>
      <Panel title="Changes and events" aside={<span class="small quiet">{range.words}</span>}>
        <Shown resource={timeline}>{(entries) => <Timeline entries={entries} />}</Shown>
      </Panel>
    </Shell>
  );
}

/** To what the figures below are held. The verdict above is always of everything. */
function Only({ filters }: { readonly filters: Readonly<Record<string, string>> }): JSX.Element | null {
  const held = Object.entries(filters);
  if (held.length === 0) return null;
  return (
    <div class="row">
      <span class="quiet">Below, only</span>
      {held.map(([name, value]) => (
        <button key={name} onClick={() => setQuery({ [name]: null })} aria-label={`No longer only ${name} ${value}`}>
          {name} <span class="strong">{value}</span> <span aria-hidden="true">✕</span>
        </button>
      ))}
      <a data-page href={href('/calls', filters)}>
        Its calls
      </a>
    </div>
  );
}

function Sums({ overview: { total } }: { readonly overview: Overview }): JSX.Element {
  const wrong = total.failed + total.interrupted;
  const tokens = total.inputTokens + total.outputTokens;
  return (
    <dl class="sums">
      <Sum
        label="Calls"
        value={count(total.calls)}
        under={total.cancelled > 0 ? `${count(total.cancelled)} left by callers` : ' '}
      />
      <Sum
        label="Answered"
        value={total.calls === 0 ? '–' : shareOf(total.answered, total.calls)}
        under={wrong === 0 ? ' ' : `${many(wrong, 'call')} failed`}
        harm={wrong > 0}
      />
      <Sum
        label="First content p50"
        value={duration(total.firstContentMs?.p50 ?? null)}
        under={`p95 ${duration(total.firstContentMs?.p95 ?? null)}`}
      />
      <Sum
        label="Whole call p50"
        value={duration(total.durationMs?.p50 ?? null)}
        under={`p95 ${duration(total.durationMs?.p95 ?? null)}`}
      />
      <Sum
        label="Extra attempts"
        value={count(total.attempts === 0 ? (total.calls === 0 ? null : 0) : total.retries + total.fallbacks)}
        under={`${many(total.retries, 'retry', 'retries')}, ${count(total.fallbacks)} moved`}
      />
      <Sum
        label="Tokens"
        value={total.calls === 0 ? '–' : count(tokens)}
        under={`${count(total.inputTokens)} in, ${count(total.outputTokens)} out`}
      />
      <Sum
        label="Cost"
        value={total.calls === 0 ? '–' : money(total.cost)}
        under={
          total.unpriced > 0
            ? `${many(total.unpriced, 'call')} without a price`
            : `${money(total.wastedCost)} for nothing`
        }
      />
    </dl>
  );
}

function Sum({
  label,
  value,
  under,
  harm = false,
}: {
  readonly label: string;
  readonly value: string;
  readonly under: string;
  readonly harm?: boolean;
}): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
      <dd class={harm ? 'harm' : ''}>{under}</dd>
    </div>
  );
}

/** Kinds of fault that have a colour of their own; the rest share one. */
const KINDS_SHOWN = 5;

function Charts({ overview: { at, stepMs, series, total } }: { readonly overview: Overview }): JSX.Element {
  const time = { at, stepMs };
  const perMinute = (steps: Steps): Steps => steps.map((value) => (value === null ? null : (value * 60_000) / stepMs));
  const perStep = step(stepMs);
  const minutes = Math.max(1, (at.length * stepMs) / 60_000);
  const failing: Steps = series.failed.map((value, step) =>
    value === null ? null : value + (series.interrupted[step] ?? 0),
  );
  const kinds = total.faults.slice(0, KINDS_SHOWN).map(({ kind }) => kind);
  const faultSeries = kinds.map((kind, index) => ({
    label: kind,
    ink: `--c${[2, 3, 4, 5, 6][index] ?? 6}`,
    values: series.faults.find((one) => one.kind === kind)?.attempts ?? blank(at),
  }));
  const others = series.faults.filter(({ kind }) => !kinds.includes(kind));
  const rest: ChartSeries[] =
    others.length === 0
      ? []
      : [{ label: 'others', ink: '--c-quiet', values: addUp(others.map(({ attempts }) => attempts)) }];
  const faults = [...faultSeries, ...rest];
  const none: ChartSeries[] = [
    { label: 'none', ink: '--c-quiet', values: series.calls.map((value) => (value === null ? null : 0)) },
  ];
  return (
    <div class="charts">
      <Chart
        title="Traffic"
        unit="calls a minute"
        {...time}
        look="bars"
        format={rate}
        whole={[total.answered / minutes, (total.failed + total.interrupted) / minutes, total.cancelled / minutes]}
        series={[
          { label: 'answered', ink: '--c1', values: perMinute(series.answered) },
          { label: 'failed', ink: '--c2', values: perMinute(failing) },
          { label: 'left', ink: '--c-quiet', values: perMinute(series.cancelled) },
        ]}
      />
      <Chart
        title="Faults"
        unit={`attempts ${perStep}`}
        {...time}
        look="bars"
        format={rate}
        whole={faults.length === 0 ? [0] : faults.map(({ label }) => wholeOf(label, total.faults, kinds))}
        series={faults.length === 0 ? none : faults}
      />
      <Chart
        title="First content"
        unit="from arrival"
        {...time}
        look="lines"
        format={duration}
        whole={[
          total.firstContentMs?.p50 ?? null,
          total.firstContentMs?.p95 ?? null,
          total.firstContentMs?.p99 ?? null,
        ]}
        series={[
          { label: 'p50', ink: '--c1', values: series.firstContentMs.p50 },
          { label: 'p95', ink: '--c3', values: series.firstContentMs.p95 },
          { label: 'p99', ink: '--c4', values: series.firstContentMs.p99 },
        ]}
      />
      <Chart
        title="Extra attempts"
        unit={perStep}
        {...time}
        look="bars"
        format={rate}
        whole={[total.retries, total.fallbacks]}
        series={[
          { label: 'retries', ink: '--c3', values: series.retries },
          { label: 'moves to another target', ink: '--c4', values: series.fallbacks },
        ]}
      />
      <Chart
        title="Tokens"
        unit={perStep}
        {...time}
        look="bars"
        format={count}
        whole={[total.inputTokens, total.outputTokens]}
        series={[
          { label: 'in', ink: '--c1', values: series.inputTokens },
          { label: 'out', ink: '--c5', values: series.outputTokens },
        ]}
      />
      <Chart
        title="Cost"
        unit={`dollars ${perStep}`}
        {...time}
        look="bars"
        format={money}
        whole={[total.cost - total.wastedCost, total.wastedCost]}
        series={[
          { label: 'for answers', ink: '--c1', values: less(series.cost, series.wastedCost) },
          { label: 'for nothing', ink: '--c2', values: series.wastedCost },
        ]}
      />
    </div>
  );
}

function wholeOf(label: string, faults: Overview['total']['faults'], kinds: readonly string[]): number {
  const own = faults.find(({ kind }) => kind === label);
  if (own !== undefined) return own.attempts;
  return faults.filter(({ kind }) => !kinds.includes(kind)).reduce((sum, { attempts }) => sum + attempts, 0);
}

function blank(at: readonly number[]): Steps {
  return at.map(() => null);
}

function addUp(all: readonly Steps[]): Steps {
  return (all[0] ?? []).map((_, step) => {
    const values = all.map((steps) => steps[step] ?? null).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
  });
}

function less(all: Steps, part: Steps): Steps {
  return all.map((value, step) => (value === null ? null : Math.max(0, value - (part[step] ?? 0))));
}

/** More would push everything else out of sight; the rest is in the audit log. */
const ENTRIES_SHOWN = 14;

function Timeline({ entries }: { readonly entries: ReturnType<typeof readTimeline> }): JSX.Element {
  if (entries.length === 0) return <Empty>Nothing was changed, and nothing out of the ordinary happened.</Empty>;
  return (
    <ol class="timeline">
      {entries.slice(0, ENTRIES_SHOWN).map(({ at, kind, summary }, index) => (
        <li key={index}>
          <time>{clock(at)}</time>
          <span aria-hidden="true" class={kind === 'event' ? 'worn' : 'quiet'}>
            {kind === 'event' ? '▲' : '◇'}
          </span>
          <span>
            <span class="unseen">{kind}: </span>
            {summary}
          </span>
        </li>
      ))}
      {entries.length > ENTRIES_SHOWN ? (
        <li>
          <span />
          <span />
          <span class="quiet">and {many(entries.length - ENTRIES_SHOWN, 'more before that', 'more before that')}</span>
        </li>
      ) : null}
    </ol>
  );
}
