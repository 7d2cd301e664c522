import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OpenAI } from 'openai';

/** The official SDK, as it is installed here. */
export interface Sdk {
  readonly OpenAI: typeof OpenAI;
  readonly version: string;
}

/**
 * Loads the official SDK, which Holdfast does not bring: an application has its own. Looked for beside Holdfast, then from
 * the working directory, for a Holdfast that is installed globally.
 *
 * @throws {Error} that says how to install it
 */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await read('openai', 'openai/version');
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const fromHere = createRequire(join(process.cwd(), 'package.json'));
  try {
    return await read(urlOf(fromHere, 'openai'), urlOf(fromHere, 'openai/version'));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new Error('the demo calls through the official OpenAI SDK, which is not installed here: npm install openai', {
      cause: error,
    });
  }
}

async function read(sdk: string, version: string): Promise<Sdk> {
  const { OpenAI } = (await import(sdk)) as Pick<Sdk, 'OpenAI'>;
  const { VERSION } = (await import(version)) as { VERSION: string };
  return { OpenAI, version: VERSION };
}

function urlOf(from: NodeJS.Require, specifier: string): string {
  return pathToFileURL(from.resolve(specifier)).href;
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}
