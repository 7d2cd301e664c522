import { Command } from 'commander';
import { isLoopback } from '../config/addresses.ts';
import { loadConfig } from '../config/load.ts';
import { type RunningGateway, startGateway } from '../gateway/start.ts';
import { openServeLog } from './serve-log.ts';
import {
  collectOnlyWhenNeeded,
  compileEarly,
  countBuffersWithTheHeap,
  giveBackWhatBurstsTook,
  giveBackWhatTheStartTook,
  keepWhatWasCompiled,
  markRarely,
} from './v8-settings.ts';
import { outliveOutputs } from './outputs.ts';

interface ServeOptions {
  readonly config?: string;
  readonly host?: string;
  readonly port?: string;
  readonly data?: string;
  readonly json?: boolean;
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the gateway: an OpenAI-compatible server that survives a failing provider')
    .option('-c, --config <file>', 'configuration file (holdfast.yaml); without one the environment is enough')
    .option('--host <address>', 'address to listen on (HOLDFAST_HOST, default 127.0.0.1)')
    .option('--port <number>', 'port to listen on (HOLDFAST_PORT, default 4141)')
    .option('--data <directory>', 'where records are kept (HOLDFAST_DATA, default ./data)')
    .option('--json', 'tell the start as one line of JSON')
    .addHelpText(
      'after',
      `
Environment: OPENAI_API_KEY, OPENAI_BASE_URL (upstream), HOLDFAST_HOST, HOLDFAST_PORT, HOLDFAST_DATA,
HOLDFAST_LOG_LEVEL, HOLDFAST_LOG_FORMAT, OTEL_EXPORTER_OTLP_ENDPOINT.
Without a key and a file, the built-in simulator stands in for a provider.

Example:
  OPENAI_API_KEY=... holdfast serve
  holdfast serve --config holdfast.yaml --port 4242`,
    )
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  refusePort(options.port);
  collectOnlyWhenNeeded();
  countBuffersWithTheHeap();
  markRarely();
  outliveOutputs();
  const env = {
    ...process.env,
    ...(options.host === undefined ? {} : { HOLDFAST_HOST: options.host }),
    ...(options.port === undefined ? {} : { HOLDFAST_PORT: options.port }),
    ...(options.data === undefined ? {} : { HOLDFAST_DATA: options.data }),
  };
  const config = await loadConfig({ file: options.config, env });
  const told = await openServeLog(config);
  const gateway = await startGateway(config, { log: told.log });
  giveBackWhatTheStartTook();
  compileEarly();
  keepWhatWasCompiled();
  giveBackWhatBurstsTook(gateway.running);
  // Before it says that it is up: whoever waits for that may stop it at once.
  stopOnSignal(gateway, () => told.close());
  if (options.json === true) console.log(JSON.stringify(factsOf(gateway)));
  else console.log(greeting(gateway));
  if (gateway.firstAdminToken !== null) console.error(tokenNote(gateway.firstAdminToken));
}

/** Named as it was typed: further in it is the variable of the environment whose place it takes. */
function refusePort(port: string | undefined): void {
  if (port === undefined || (/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) return;
  throw new Error(`--port "${port}" is not a port; write a whole number from 0 to 65535`);
}

/** Told on stderr, which is rarely kept beside what a start says on stdout. */
function tokenNote(token: string): string {
  return [
    '',
    'Admin token, shown this once and stored only as a hash (holdfast admin reset-token makes a new one):',
    `  ${token}`,
  ].join('\n');
}

function factsOf({ baseUrl, config, simulator, open }: RunningGateway): Record<string, unknown> {
  return {
    baseUrl,
    targets: config.targets.map(({ id, provider, baseUrl: url }) => ({ id, provider, baseUrl: url })),
    routes: config.routes.map(({ id, models }) => ({ id, models })),
    data: config.data,
    open: open(),
    simulator: simulator?.url ?? null,
  };
}

function greeting({ baseUrl, config, simulator, open }: RunningGateway): string {
  const lines = [`Holdfast is listening on ${baseUrl}`];
  for (const { id, provider, baseUrl: url } of config.targets) lines.push(`  target ${id}: ${provider} at ${url}`);
  lines.push(`  records in ${config.data} (see them: holdfast calls)`);
  lines.push(`  dashboard at ${baseUrl.replace(/v1$/, '')} (sign in with an admin token)`);
  if (simulator !== null) {
    lines.push(
      '',
      'No OPENAI_API_KEY is set, so the built-in simulator answers in place of a provider: its words mean nothing,',
      'its failures are real (model gpt-4o@server-error fails; `holdfast simulate --list-faults` shows what else can).',
    );
  }
  lines.push(
    '',
    ...(open()
      ? [`${openTo(config.server.host)}, without a key (holdfast tenants create NAME ends that). Try it:`]
      : ['Every call needs a key (holdfast keys create TENANT makes one). Try it:']),
    `  curl ${baseUrl}/chat/completions -H 'content-type: application/json' \\`,
    ...(open() ? [] : ["    -H 'authorization: Bearer hf_...' \\"]),
    `    -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}'`,
  );
  for (const warning of config.warnings) lines.push('', `warning: ${warning}`);
  return lines.join('\n');
}

function openTo(host: string): string {
  return isLoopback(host) ? 'Open to every program on this machine' : `Open to whoever reaches ${host}`;
}

/** The first signal drains; a second one, from someone who cannot wait, ends at once. */
function stopOnSignal(gateway: RunningGateway, closeLog: () => Promise<void>): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(130);
    stopping = true;
    const running = gateway.running();
    console.error(
      running === 0
        ? `holdfast: ${signal}, stopping`
        : `holdfast: ${signal}, waiting for ${running} running call(s) to finish; once more to stop now`,
    );
    gateway.stop().then(
      async (cut) => {
        await closeLog();
        if (cut > 0) console.error(`holdfast: ${cut} call(s) outlived the drain and were cut off`);
        process.exit(0);
      },
      (error: unknown) => {
        console.error('holdfast: stopping failed:', error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
