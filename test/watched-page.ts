import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What Chromium says of an answer with an error status: it is what the pages are told, and not a defect of theirs. */
const REFUSED = /^Failed to load resource: the server responded with a status of/;

/** A page whose troubles are written down: what it says on its console, what it throws, what its policy forbids. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly troubles: readonly string[];
  /** What axe finds that would keep people out, as `rule: element`. */
  barriers(): Promise<string[]>;
}

export async function openPage(browser: Browser, colorScheme: 'light' | 'dark' = 'light'): Promise<WatchedPage> {
  // axe comes as a script of its own, which the pages' policy would rightly forbid; it is put in beside the page.
  const context = await browser.newContext({
    colorScheme,
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  // What is waited for comes when the machine gets to it.
  page.setDefaultTimeout(30_000);
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || REFUSED.test(message.text())) return;
    troubles.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`thrown: ${error.message}`));
  await page.addInitScript({
    content: `addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective));`,
  });
  return {
    page,
    context,
    troubles,
    async barriers() {
      const found = await page.evaluate(`(async () => {
        if (window.axe === undefined) { ${AXE} }
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
        return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ': ' + target + ' ' + failureSummary));
      })()`);
      return found as string[];
    },
  };
}
