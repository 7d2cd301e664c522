#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';

const LEAST_NODE = 24;

const major = Number(process.versions.node.split('.', 1)[0]);
if (major < LEAST_NODE) {
  console.error(`holdfast: needs Node ${LEAST_NODE} or newer, and this is ${process.version}. Install a newer Node.`);
  process.exit(1);
}

// Only now: on an older Node these modules fail to load, and their errors would say nothing of why.
const { adminCommand } = await import('./admin.ts');
const { bulkCommand } = await import('./bulk.ts');
const { callsCommand } = await import('./calls.ts');
const { checkCommand } = await import('./check.ts');
const { configCommand } = await import('./config.ts');
const { costsCommand } = await import('./costs.ts');
const { countCommand } = await import('./count.ts');
const { demoCommand } = await import('./demo.ts');
const { explainCommand } = await import('./explain.ts');
const { exportCommand } = await import('./export.ts');
const { auditCommand, eventsCommand } = await import('./history.ts');
const { jobsCommand } = await import('./jobs.ts');
const { keysCommand } = await import('./keys.ts');
const { modelsCommand } = await import('./models.ts');
const { replayCommand } = await import('./replay.ts');
const { sendCommand } = await import('./send.ts');
const { serveCommand } = await import('./serve.ts');
const { simulateCommand } = await import('./simulate.ts');
const { targetsCommand } = await import('./targets.ts');
const { organisationsCommand, tenantsCommand } = await import('./tenants.ts');
const { topCommand } = await import('./top.ts');

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('holdfast')
  .description("keeps an application's LLM features standing when the ChatGPT API fails")
  .version(version)
  .showHelpAfterError('(holdfast --help shows what there is)')
  .addCommand(serveCommand())
  .addCommand(callsCommand())
  .addCommand(costsCommand())
  .addCommand(topCommand())
  .addCommand(explainCommand())
  .addCommand(countCommand())
  .addCommand(sendCommand())
  .addCommand(replayCommand())
  .addCommand(bulkCommand())
  .addCommand(exportCommand())
  .addCommand(organisationsCommand())
  .addCommand(tenantsCommand())
  .addCommand(jobsCommand())
  .addCommand(keysCommand())
  .addCommand(targetsCommand())
  .addCommand(adminCommand())
  .addCommand(auditCommand())
  .addCommand(eventsCommand())
  .addCommand(configCommand())
  .addCommand(checkCommand())
  .addCommand(modelsCommand())
  .addCommand(simulateCommand())
  .addCommand(demoCommand());

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
