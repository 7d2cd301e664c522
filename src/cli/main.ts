#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';

const LEAST_NODE = 24;

const major = Number(process.versions.node.split('.', 1)[0]);
if (major < LEAST_NODE) {
  console.error(`holdfast: needs Node ${LEAST_NODE} or newer, and this is ${process.version}. Install a newer Node.`);
  process.exit(1);
}

/**
 * Every command, in the order in which they are shown. Each is loaded when it is asked for: what one needs costs another neither
 * time nor memory, and on an older Node, where they would fail to load, what is said above is said first.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand(),
  calls: async () => (await import('./calls.ts')).callsCommand(),
  costs: async () => (await import('./costs.ts')).costsCommand(),
  top: async () => (await import('./top.ts')).topCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  count: async () => (await import('./count.ts')).countCommand(),
  send: async () => (await import('./send.ts')).sendCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  bulk: async () => (await import('./bulk.ts')).bulkCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  organisations: async () => (await import('./tenants.ts')).organisationsCommand(),
  tenants: async () => (await import('./tenants.ts')).tenantsCommand(),
  jobs: async () => (await import('./jobs.ts')).jobsCommand(),
  keys: async () => (await import('./keys.ts')).keysCommand(),
  targets: async () => (await import('./targets.ts')).targetsCommand(),
  admin: async () => (await import('./admin.ts')).adminCommand(),
  audit: async () => (await import('./history.ts')).auditCommand(),
  events: async () => (await import('./history.ts')).eventsCommand(),
  database: async () => (await import('./database.ts')).databaseCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
};

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('holdfast')
  .description("keeps an application's LLM features standing when the ChatGPT API fails")
  .version(version)
  .showHelpAfterError('(holdfast --help shows what there is)');
const [asked = ''] = process.argv.slice(2);
const wanted = Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
for (const name of wanted) {
  const command = await COMMANDS[name]?.();
  if (command !== undefined) program.addCommand(command);
}

// A reader such as `head` may close the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  console.error(`holdfast: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
