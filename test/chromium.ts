import { type Browser, chromium } from 'playwright-core';
import { findOrInstall, isRoot, onPath } from '../src/storage/debian.test-support.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * A real browser without a window; installed where there is none.
 *
 * @throws {Error} there is none and it cannot be installed, with the reason: a test must not pass without one.
 */
export async function startChromium(): Promise<Browser> {
  const executablePath = findOrInstall({
    name: 'Chromium',
    package: 'chromium',
    advice: `put ${PROGRAMS.join(' or ')} on the PATH: these tests look at the dashboard in a real browser`,
    find: () => onPath(PROGRAMS),
  });
  // Chromium's own sandbox refuses to run as root, and small containers have little shared memory.
  const asRoot = isRoot() ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...asRoot, '--disable-dev-shm-usage', '--disable-gpu'] });
}
