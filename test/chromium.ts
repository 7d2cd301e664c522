import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Package lists and a large package, over a slow line. */
const INSTALL_WITHIN_MS = 600_000;

/**
 * A real browser without a window; installed where there is none.
 *
 * @throws {Error} there is none and it cannot be installed, with the reason: a test must not pass without one.
 */
export async function startChromium(): Promise<Browser> {
  const executablePath = onPath() ?? installed();
  // Chromium's own sandbox refuses to run as root, and small containers have little shared memory.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...asRoot, '--disable-dev-shm-usage', '--disable-gpu'] });
}

function onPath(): string | null {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const program of PROGRAMS) {
      const path = join(directory, program);
      if (isExecutable(path)) return path;
    }
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function installed(): string {
  const advice = `put ${PROGRAMS.join(' or ')} on the PATH: these tests look at the dashboard in a real browser`;
  if (process.getuid?.() !== 0) throw new Error(`there is no Chromium, and only root may install one; ${advice}`);
  process.stderr.write('tests: there is no Chromium, installing one with apt-get (once)...\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args: string[]): void => {
    // Several test files may come to this at once: they wait for each other.
    const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=30'];
    execFileSync('apt-get', [...patience, ...args], { env, stdio: 'pipe', timeout: INSTALL_WITHIN_MS });
  };
  try {
    run('update', '-q');
    run('install', '-qy', '--no-install-recommends', 'chromium');
  } catch (error) {
    throw new Error(`there is no Chromium, and apt-get could not install one; ${advice}`, { cause: error });
  }
  const program = onPath();
  if (program === null) throw new Error(`apt-get brought no Chromium; ${advice}`);
  return program;
}
