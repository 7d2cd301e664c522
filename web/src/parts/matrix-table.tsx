import type { JSX } from 'preact';
import { count, duration, percent, shareOf } from '../format.ts';
import { href } from '../router.ts';
import type { Breaker, Matrix, MatrixCell, MatrixTarget } from '../shapes/matrix.ts';
import { Headroom } from './headroom.tsx';
import { Empty, Tag, type Tone } from './notice.tsx';
import { Interval, Spark } from './spark.tsx';

const BREAKER_TONES: Readonly<Record<Breaker, Tone>> = {
  closed: 'plain',
  open: 'harm',
  'half-open': 'worn',
  unknown: 'unknown',
};

export function BreakerTag({ breaker }: { readonly breaker: Breaker }): JSX.Element {
  return <Tag tone={BREAKER_TONES[breaker]}>{breaker}</Tag>;
}

/** Beyond this lower bound of its error share a target is not well, whatever chance may have added. */
const TELLING_SHARE = 0.05;

export function MatrixTable({ matrix: { targets, cells } }: { readonly matrix: Matrix }): JSX.Element {
  if (targets.length === 0 && cells.length === 0) return <Empty>No target is configured.</Empty>;
  const gone = [...new Set(cells.map(({ target }) => target))].filter(
    (id) => !targets.some((target) => target.id === id),
  );
  const rows = [
    ...targets.flatMap((target) =>
      rowsOf(
        target,
        cells.filter((cell) => cell.target === target.id),
      ),
    ),
    // Targets that the configuration no longer has, but the records do.
    ...gone.flatMap((id) =>
      cells.filter((cell) => cell.target === id).map((cell) => ({ target: null, cell, first: true })),
    ),
  ];
  return (
    <div class="table-frame matrix" tabIndex={0} role="group" aria-label="Providers and models">
      <table>
        <thead>
          <tr>
            <th>Target</th>
            <th>Model</th>
            <th>Breaker</th>
            <th>Attempts</th>
            <th class="right">
              <span class="unseen">Number of attempts</span>
            </th>
            <th>Errors, 95 % interval</th>
            <th class="right">First content p50</th>
            <th class="right">p95</th>
            <th>Headroom</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ target, cell, first }, index) =>
            cell === null ? (
              <Blank key={index} target={target} />
            ) : (
              <Row key={index} target={target} cell={cell} first={first} />
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

interface MatrixRow {
  readonly target: MatrixTarget | null;
  readonly cell: MatrixCell | null;
  readonly first: boolean;
}

function rowsOf(target: MatrixTarget, cells: readonly MatrixCell[]): MatrixRow[] {
  if (cells.length === 0) return [{ target, cell: null, first: true }];
  return cells
    .toSorted((one, other) => other.attempts - one.attempts)
    .map((cell, index) => ({ target, cell, first: index === 0 }));
}

/** A target of which nothing is known in this time. That is neither good nor bad. */
function Blank({ target }: { readonly target: MatrixTarget | null }): JSX.Element {
  return (
    <tr>
      <td class="strong still">{target?.id}</td>
      <td class="quiet">–</td>
      <td>
        <BreakerTag breaker={target?.breaker ?? 'unknown'} />
      </td>
      <td colSpan={6} class="hatched">
        <Tag tone="unknown">no attempts</Tag>
      </td>
    </tr>
  );
}

function Row({
  target,
  cell,
  first,
}: {
  readonly target: MatrixTarget | null;
  readonly cell: MatrixCell;
  readonly first: boolean;
}): JSX.Element {
  const { attempts, errors, share, interval, model } = cell;
  const harmed = interval !== null && interval[0] > TELLING_SHARE;
  const headroom = target?.headroom.find((one) => one.model === (model ?? '')) ?? null;
  const name = model ?? 'no model';
  return (
    <tr>
      <td class="strong still">
        {first ? (
          <a data-page href={href('/', { target: cell.target })} title="Hold the figures to this target">
            {cell.target}
          </a>
        ) : (
          <span class="unseen">{cell.target}</span>
        )}
      </td>
      <td class="still">
        <a data-page data-row href={href('/calls', { target: cell.target, model })}>
          {name}
        </a>
      </td>
      <td>{first ? <BreakerTag breaker={target?.breaker ?? 'unknown'} /> : null}</td>
      <td>
        <Spark
          values={cell.attemptSteps}
          harm={cell.errorSteps}
          label={`${attempts} attempts, ${errors} errors, over time`}
        />
      </td>
      <td class="right">{count(attempts)}</td>
      <td class="still">
        {share === null || interval === null ? (
          <span class="quiet">–</span>
        ) : (
          <>
            <Interval share={share} interval={interval} harm={harmed} />{' '}
            <span class={harmed ? 'harm strong' : ''}>
              {attempts < 50 ? shareOf(errors, attempts) : percent(share)}
            </span>{' '}
            <span class="quiet small">
              {percent(interval[0])}–{percent(interval[1])}
            </span>
          </>
        )}
      </td>
      <td class="right">{duration(cell.firstContentMs?.p50 ?? null)}</td>
      <td class="right">{duration(cell.firstContentMs?.p95 ?? null)}</td>
      <td>{headroom === null ? <span class="quiet">unknown</span> : <Headroom share={headroom.share} />}</td>
    </tr>
  );
}
