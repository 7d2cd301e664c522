import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ask, get } from '../api.ts';
import { ago, clock, count, day } from '../format.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Headroom } from '../parts/headroom.tsx';
import { BreakerTag } from '../parts/matrix-table.tsx';
import { Empty, Panel, Shown, Tag, type Tone } from '../parts/notice.tsx';
import { useResource } from '../resource.ts';
import { href } from '../router.ts';
import { may } from '../session.ts';
import { readTargets, type Target, type TargetKey } from '../shapes/target.ts';
import { Shell } from '../shell.tsx';

/** What somebody is about to do to a target by hand. */
type Deed = { readonly target: Target; readonly kind: 'open' | 'closed' | 'auto' | 'clear' } | null;

/** Where calls can go: breakers, keys, and what was learnt of the providers' limits. */
export function ProvidersPage(): JSX.Element {
  const [deed, setDeed] = useState<Deed>(null);
  const targets = useResource('/targets', (signal) => get('/targets', readTargets, signal), { everyMs: 3_000 });
  return (
    <Shell title="Providers">
      <Panel title="Targets" aside={<span class="small quiet">how they stand now</span>}>
        <Shown resource={targets}>
          {(value) =>
            value.length === 0 ? (
              <Empty command="holdfast config check holdfast.yaml">No target is configured.</Empty>
            ) : (
              <Targets targets={value} begin={setDeed} />
            )
          }
        </Shown>
      </Panel>
      <Panel title="Rate limits" aside={<span class="small quiet">as learnt from the providers, or configured</span>}>
        <Shown resource={targets}>{(value) => <Limits targets={value} />}</Shown>
      </Panel>
      {deed === null ? null : <Ask deed={deed} close={() => setDeed(null)} done={targets.reload} />}
    </Shell>
  );
}

function Targets({
  targets,
  begin,
}: {
  readonly targets: readonly Target[];
  readonly begin: (deed: Deed) => void;
}): JSX.Element {
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Targets">
      <table>
        <thead>
          <tr>
            <th>Target</th>
            <th>Provider</th>
            <th>Breaker</th>
            <th>Key</th>
            <th>Its age</th>
            <th class="right">Under way</th>
            <th class="right">Waiting</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {targets.map((target) => (
            <tr key={target.id}>
              <td>
                <a data-page data-row class="strong" href={href('/calls', { target: target.id })}>
                  {target.id}
                </a>
                <span class="under">account {target.account}</span>
              </td>
              <td>{target.provider}</td>
              <td>
                <Standing target={target} />
              </td>
              <td>
                <KeyCell held={target.key} />
              </td>
              <td class="still">
                <KeyAge held={target.key} />
              </td>
              <td class="right">
                {count(target.awaitingContent)}
                {target.places === null ? '' : <span class="quiet"> of {count(target.places)}</span>}
              </td>
              <td class="right">{count(target.waiting)}</td>
              <td class="right">{may('operator') ? <Deeds target={target} begin={begin} /> : null}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Standing({
  target: { breaker, suspect, since, probedAt, reason, openByHand },
}: {
  readonly target: Target;
}): JSX.Element {
  return (
    <>
      <BreakerTag breaker={breaker} /> {suspect ? <Tag tone="worn">works badly</Tag> : null}
      {breaker === 'closed' || since === null ? null : <span class="under">since {ago(since)}</span>}
      {reason === null ? null : <span class="under">{reason}</span>}
      {openByHand || probedAt === null ? null : <span class="under">tried again at {clock(probedAt)}</span>}
    </>
  );
}

const KEY_TONES: Readonly<Record<string, Tone>> = {
  accepted: 'plain',
  unchecked: 'unknown',
  unknown: 'unknown',
  caller: 'plain',
};
const KEY_WORDS: Readonly<Record<string, string>> = { caller: "the caller's own" };

function KeyCell({
  held: { status, reference, ending, problems, refusals },
}: {
  readonly held: TargetKey;
}): JSX.Element {
  const dead = refusals.some(({ model }) => model === null);
  return (
    <>
      <Tag tone={dead ? 'harm' : (KEY_TONES[status] ?? 'harm')}>{dead ? 'dead' : (KEY_WORDS[status] ?? status)}</Tag>
      {reference === null ? null : (
        <span class="under mono">
          {reference}
          {ending === null ? '' : ` …${ending}`}
        </span>
      )}
      {problems.map((problem) => (
        <span class="under worn" key={problem}>
          {problem}
        </span>
      ))}
      {refusals.map(({ model, kind, triedAgainAt }) => (
        <span class="under worn" key={`${model} ${kind}`}>
          {kind}
          {model === null ? '' : ` for ${model}`}, tried again at {clock(triedAgainAt)}
        </span>
      ))}
    </>
  );
}

function KeyAge({ held: { since, rotateBy } }: { readonly held: TargetKey }): JSX.Element {
  if (since === null) return <span class="quiet">unknown</span>;
  const overdue = rotateBy !== null && rotateBy < Date.now();
  return (
    <>
      {ago(since).replace(' ago', '')}
      {rotateBy === null ? null : (
        <span class={overdue ? 'under worn' : 'under'}>
          {overdue ? 'overdue since' : 'rotate by'} {day(rotateBy)}
        </span>
      )}
    </>
  );
}

function Deeds({ target, begin }: { readonly target: Target; readonly begin: (deed: Deed) => void }): JSX.Element {
  const { breaker, openByHand, key } = target;
  return (
    <span class="beside">
      {key.refusals.length > 0 ? <button onClick={() => begin({ target, kind: 'clear' })}>Try its key</button> : null}
      {openByHand ? <button onClick={() => begin({ target, kind: 'auto' })}>Let it prove itself</button> : null}
      {breaker === 'closed' ? null : <button onClick={() => begin({ target, kind: 'closed' })}>Let back in</button>}
      {openByHand ? null : <button onClick={() => begin({ target, kind: 'open' })}>Take out</button>}
    </span>
  );
}

function Limits({ targets }: { readonly targets: readonly Target[] }): JSX.Element {
  const rows = targets.flatMap((target) => target.limits.map((limit) => ({ target, limit })));
  if (rows.length === 0) return <Empty>Nothing is known yet: limits are learnt from the answers to calls.</Empty>;
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Rate limits">
      <table>
        <thead>
          <tr>
            <th>Target</th>
            <th>Model</th>
            <th class="right">Requests a minute</th>
            <th class="right">Tokens a minute</th>
            <th>Known from</th>
            <th>Headroom</th>
            <th class="right">Waiting</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ target, limit }) => {
            const known = limit.requestsPerMinute !== null || limit.tokensPerMinute !== null;
            return (
              <tr key={`${target.id} ${limit.model}`}>
                <td class="strong">{target.id}</td>
                <td>{limit.model === '' ? <span class="quiet">no model</span> : limit.model}</td>
                <td class="right">{known ? count(limit.requestsPerMinute) : <span class="quiet">unknown</span>}</td>
                <td class="right">{known ? count(limit.tokensPerMinute) : <span class="quiet">unknown</span>}</td>
                <td class="quiet">{limit.told ? 'the provider' : known ? 'experience, or the file' : '–'}</td>
                <td>
                  {known && limit.headroom !== null ? (
                    <Headroom share={limit.headroom} />
                  ) : (
                    <span class="quiet">unknown</span>
                  )}
                </td>
                <td class="right">{count(limit.waiting)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const WORDS = {
  open: {
    title: (id: string) => `Take ${id} out?`,
    action: 'Take out',
    text: 'No call goes there until somebody lets it back in: calls go to the other targets of their routes at once, and those that have no other are refused.',
  },
  closed: {
    title: (id: string) => `Let ${id} back in?`,
    action: 'Let back in',
    text: 'Calls go there again at once. If it still fails, its breaker opens by itself.',
  },
  auto: {
    title: (id: string) => `Let ${id} prove itself?`,
    action: 'Let it prove itself',
    text: 'A few calls try it; when they are answered, traffic returns step by step.',
  },
  clear: {
    title: (id: string) => `Try the key of ${id} again?`,
    action: 'Try again',
    text: 'That it was refused is forgotten, and the next call uses it. Do this when the key has been put right at the provider.',
  },
} as const;

interface AskProps {
  readonly deed: NonNullable<Deed>;
  readonly close: () => void;
  readonly done: () => void;
}

function Ask({ deed: { target, kind }, close, done }: AskProps): JSX.Element {
  const at = `/targets/${encodeURIComponent(target.id)}`;
  const work = async (): Promise<void> => {
    if (kind === 'clear') await ask('POST', `${at}/clear`, () => null);
    else await ask('POST', `${at}/breaker`, () => null, { body: { state: kind } });
    done();
  };
  const { title, action, text } = WORDS[kind];
  return (
    <Confirm title={title(target.id)} action={action} work={work} close={close}>
      {text}
    </Confirm>
  );
}
