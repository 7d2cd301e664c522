import { Command } from 'commander';
import { configToJson, describeConfig } from '../config/describe.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { configSchemaJson } from '../config/schema.ts';

interface CheckOptions {
  readonly json?: true;
  readonly skipSecrets?: true;
}

/** `holdfast config`: check a configuration without starting anything, and its JSON Schema for editors. */
export function configCommand(): Command {
  return new Command('config')
    .description('check a configuration file, or print its schema for editors')
    .addCommand(checkCommand())
    .addCommand(schemaCommand());
}

function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration and print what it comes to, without secrets')
    .argument('[file]', 'configuration file; left out, the environment alone is checked')
    .option('--skip-secrets', 'check how secrets are named without reading them, as in continuous integration')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  holdfast config check holdfast.yaml')
    .action(check);
}

async function check(file: string | undefined, { json, skipSecrets }: CheckOptions): Promise<void> {
  try {
    const config = await loadConfig({ file, env: process.env, secrets: skipSecrets === true ? 'skip' : 'read' });
    if (json === true) print(JSON.stringify({ valid: true, config: configToJson(config) }, null, 2));
    else print(`${file ?? 'the environment'} is good\n\n${describeConfig(config)}`);
  } catch (error) {
    if (json === true && error instanceof ConfigError) {
      print(JSON.stringify({ valid: false, problems: error.problems }, null, 2));
    }
    throw error;
  }
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of the configuration file')
    .addHelpText(
      'after',
      '\nExample:\n  holdfast config schema > holdfast.schema.json\n' +
        '  # then, as the first line of holdfast.yaml:\n  # yaml-language-server: $schema=./holdfast.schema.json',
    )
    .action(() => print(JSON.stringify(configSchemaJson(), null, 2)));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
