import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { openApiDocument } from '../gateway/description/openapi.ts';
import { postmanCollection, postmanEnvironment } from '../gateway/description/postman.ts';
import { makeDirectory } from '../storage/data-directory.ts';
import { processTerminal, type Terminal } from './terminal.ts';

interface ExportOptions {
  readonly url: string;
  readonly out?: string;
  readonly environment?: true;
}

/** `holdfast export`: the gateway's endpoints in the formats of other tools. */
export function exportCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('export')
    .description("write down the gateway's endpoints for other tools")
    .addCommand(postmanCommand(terminal))
    .addCommand(openApiCommand(terminal));
}

function postmanCommand(terminal: Terminal): Command {
  return withUrl(new Command('postman'))
    .description('a Postman collection (v2.1) of the endpoints, and an environment for one gateway')
    .option('--out <dir>', 'write both files there; left out, the collection is printed')
    .option('--environment', 'print the environment instead')
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast export postman --out .\n  holdfast export postman --url https://gateway.example.com --environment > env.json',
    )
    .action(async (options: ExportOptions) => {
      const root = rootOf(options.url);
      if (options.out === undefined) {
        return terminal.write(shown(options.environment === true ? postmanEnvironment(root) : postmanCollection()));
      }
      makeDirectory(options.out);
      const files: readonly (readonly [string, object])[] = [
        ['holdfast.postman_collection.json', postmanCollection()],
        ['holdfast.postman_environment.json', postmanEnvironment(root)],
      ];
      for (const [name, content] of files) {
        await writeFile(join(options.out, name), shown(content));
        terminal.note(`wrote ${join(options.out, name)}\n`);
      }
    });
}

function openApiCommand(terminal: Terminal): Command {
  return withUrl(new Command('openapi'))
    .description('the OpenAPI 3.1 document that a gateway serves at /openapi.json')
    .addHelpText('after', '\nExample:\n  holdfast export openapi > openapi.json')
    .action((options: ExportOptions) => terminal.write(shown(openApiDocument(rootOf(options.url)))));
}

function withUrl(command: Command): Command {
  return command.option('--url <url>', 'where the gateway is', process.env['HOLDFAST_URL'] ?? 'http://127.0.0.1:4141');
}

/** @throws {Error} it is no address. */
function rootOf(url: string): string {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new Error(`--url "${url}" is no address; write http(s)://host:port`);
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/(?:v1\/?)?$/, '')}`;
}

function shown(content: object): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}
