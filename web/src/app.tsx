import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { listen } from './live.ts';
import { CallPage } from './pages/call.tsx';
import { CallsPage } from './pages/calls.tsx';
import { CostsPage } from './pages/costs.tsx';
import { FaultsPage } from './pages/faults.tsx';
import { JobsPage } from './pages/jobs.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { PlaygroundPage } from './pages/playground.tsx';
import { ProvidersPage } from './pages/providers.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { TenantPage } from './pages/tenant.tsx';
import { TenantsPage } from './pages/tenants.tsx';
import { Empty, Notice, Waiting } from './parts/notice.tsx';
import { href, parts } from './router.ts';
import { findSession, session } from './session.ts';
import { Shell } from './shell.tsx';

export function App(): JSX.Element {
  const { value } = session;
  const signedIn = value.kind === 'in';
  useEffect(() => (signedIn ? listen() : undefined), [signedIn]);
  switch (value.kind) {
    case 'unknown':
      return <Waiting />;
    case 'unreachable':
      return (
        <div class="gate">
          <main>
            <Notice tone="harm" action={<button onClick={() => void findSession()}>Try again</button>}>
              The gateway cannot be reached.
            </Notice>
          </main>
        </div>
      );
    case 'out':
      return <SignIn ended={value.ended} />;
    case 'in':
      return <Page />;
  }
}

function Page(): JSX.Element {
  const [page = '', id] = parts.value;
  switch (page) {
    case '':
    case 'sign-in':
      return <OverviewPage />;
    case 'calls':
      return id === undefined ? <CallsPage /> : <CallPage id={id} key={id} />;
    case 'faults':
      return <FaultsPage />;
    case 'providers':
      return <ProvidersPage />;
    case 'tenants':
      return id === undefined ? <TenantsPage /> : <TenantPage id={id} key={id} />;
    case 'costs':
      return <CostsPage />;
    case 'jobs':
      return <JobsPage />;
    case 'playground':
      return <PlaygroundPage />;
    default:
      return (
        <Shell title="Nothing here">
          <div class="panel">
            <Empty>
              There is no such page.{' '}
              <a data-page href={href('/')}>
                Go to the overview.
              </a>
            </Empty>
          </div>
        </Shell>
      );
  }
}
