import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, ask, get } from '../api.ts';
import { offers } from '../features.ts';
import { count } from '../format.ts';
import { Confirm } from '../parts/confirm.tsx';
import { BreakerTag } from '../parts/matrix-table.tsx';
import { Empty, Panel, Shown, Tag, type Tone } from '../parts/notice.tsx';
import { object } from '../read.ts';
import { useResource } from '../resource.ts';
import { href } from '../router.ts';
import { may } from '../session.ts';
import { type KeyStanding, readKeyStandings, readTargets, type Target } from '../shapes/target.ts';
import { Shell } from '../shell.tsx';

type By = { readonly target: Target; readonly state: 'open' | 'closed' } | null;

/** Where calls can go: breakers, keys, and what was learnt of the providers' limits. */
export function ProvidersPage(): JSX.Element {
  const [asked, setAsked] = useState<By>(null);
  const targets = useResource('/targets', (signal) => get('/targets', readTargets, signal), { everyMs: 3_000 });
  const keys = useResource('/readyz', askReadiness, { everyMs: 10_000 });
  return (
    <Shell title="Providers">
      <Panel title="Targets">
        <Shown resource={targets}>
          {(value) =>
            value.length === 0 ? (
              <Empty command="holdfast config check holdfast.yaml">No target is configured.</Empty>
            ) : (
              <Targets targets={value} keys={keys.value} ask={setAsked} />
            )
          }
        </Shown>
      </Panel>
      <Panel title="Rate limits" aside={<span class="small quiet">as learnt from the providers, or configured</span>}>
        <Shown resource={targets}>{(value) => <Limits targets={value} />}</Shown>
      </Panel>
      {asked === null ? null : <Turn asked={asked} close={() => setAsked(null)} done={targets.reload} />}
    </Shell>
  );
}

/** Not part of the admin API: it is told to whoever asks, also while the gateway is not ready. */
async function askReadiness(signal: AbortSignal): Promise<ReadonlyMap<string, KeyStanding>> {
  const response = await fetch('/readyz', { signal }).catch(() => null);
  if (response === null) throw new ApiError(0, 'unreachable', 'the gateway cannot be reached');
  return readKeyStandings(object(await response.json().catch(() => null)));
}

interface TargetsProps {
  readonly targets: readonly Target[];
  readonly keys: ReadonlyMap<string, KeyStanding> | null;
  readonly ask: (by: By) => void;
}

const KEY_TONES: Readonly<Record<string, Tone>> = { accepted: 'plain', unchecked: 'unknown', unknown: 'unknown' };

function Targets({ targets, keys, ask }: TargetsProps): JSX.Element {
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Targets">
      <table>
        <thead>
          <tr>
            <th>Target</th>
            <th>Provider</th>
            <th>Account</th>
            <th>Breaker</th>
            <th>Key</th>
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
              </td>
              <td>{target.provider}</td>
              <td class="quiet">{target.account}</td>
              <td>
                <BreakerTag breaker={target.breaker} />
              </td>
              <td>
                <KeyCell standing={keys?.get(target.id)} />
              </td>
              <td class="right">{count(target.waiting)}</td>
              <td class="right">
                {may('operator') && offers('POST /targets/{}/breaker') === true ? (
                  target.breaker === 'closed' ? (
                    <button onClick={() => ask({ target, state: 'open' })}>Take out</button>
                  ) : (
                    <button onClick={() => ask({ target, state: 'closed' })}>Let back in</button>
                  )
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function KeyCell({ standing }: { readonly standing: KeyStanding | undefined }): JSX.Element {
  if (standing === undefined) return <span class="quiet">–</span>;
  return (
    <>
      <Tag tone={KEY_TONES[standing.status] ?? 'harm'}>{standing.status}</Tag>
      {standing.problems.map((problem) => (
        <span class="under" key={problem}>
          {problem}
        </span>
      ))}
    </>
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
            <th class="right">Waiting</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ target, limit }) => (
            <tr key={`${target.id} ${limit.model}`}>
              <td class="strong">{target.id}</td>
              <td>{limit.model === '' ? <span class="quiet">no model</span> : limit.model}</td>
              <td class="right">
                {limit.requestsPerMinute === null ? <span class="quiet">unknown</span> : count(limit.requestsPerMinute)}
              </td>
              <td class="right">
                {limit.tokensPerMinute === null ? <span class="quiet">unknown</span> : count(limit.tokensPerMinute)}
              </td>
              <td class="right">{count(limit.waiting)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Turn({
  asked: { target, state },
  close,
  done,
}: {
  readonly asked: NonNullable<By>;
  readonly close: () => void;
  readonly done: () => void;
}): JSX.Element {
  const work = async (): Promise<void> => {
    await ask('POST', `/targets/${encodeURIComponent(target.id)}/breaker`, () => null, { body: { state } });
    done();
  };
  return state === 'open' ? (
    <Confirm title={`Take ${target.id} out?`} action="Take out" work={work} close={close}>
      Its breaker opens: calls go to the other targets of their routes at once, and those that have no other are
      refused.
    </Confirm>
  ) : (
    <Confirm title={`Let ${target.id} back in?`} action="Let back in" work={work} close={close}>
      Its breaker closes: calls go there again. If it still fails, it opens by itself.
    </Confirm>
  );
}
