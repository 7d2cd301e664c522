import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Lab } from '../lab.ts';
import { aws } from '../policies/aws.ts';
import { cockatiel } from '../policies/cockatiel.ts';
import { holdfast } from '../policies/holdfast.ts';
import { sdk } from '../policies/sdk.ts';
import { legend, PICTURES, section } from './report.ts';
import { STYLE } from './style.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'docs', 'images');

/** Browsers that are tried, after the one that CHROMIUM names. */
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'] as const;

/** Who is shown in the small pictures, and of which scenes. */
const SHOWN = [sdk, aws, cockatiel, holdfast] as const;
const SCENES: ReadonlySet<string> = new Set(['brown-out', 'overload', 'june']);

/**
 * Takes the small pictures of the documentation, `docs/images/storm-*.png`, with a browser of this machine.
 * @returns where they are, a line each
 * @throws {Error} when there is no browser
 */
export async function takePictures(lab: Lab): Promise<string> {
  const executablePath = [process.env['CHROMIUM'], ...BROWSERS].find((path) => path !== undefined && existsSync(path));
  if (executablePath === undefined) {
    throw new Error(`--png needs Chromium, and none is at ${BROWSERS.join(' or ')}; name yours in CHROMIUM`);
  }
  await mkdir(FOLDER, { recursive: true });
  // As root there is no sandbox to be had; what is shown is of our own making.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const files: string[] = [];
  try {
    const page = await browser.newPage({ viewport: { width: 820, height: 100 }, colorScheme: 'light' });
    for (const picture of PICTURES.filter(({ id }) => SCENES.has(id))) {
      const shown = await section(lab, picture, SHOWN);
      const small = 'body{margin:0;padding:14px 16px 16px}h2{margin-top:0}.legend{margin:.8rem 0 0}';
      await page.setContent(`<style>${STYLE}${small}</style><body>${shown}${legend()}</body>`);
      const file = join(FOLDER, `storm-${picture.id}.png`);
      await page.screenshot({ path: file, fullPage: true });
      files.push(file);
    }
  } finally {
    await browser.close();
  }
  return files.join('\n');
}
