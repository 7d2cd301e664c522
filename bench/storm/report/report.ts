import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Figure } from '../../figures.ts';
import type { Scene } from '../../../src/simulator/virtual/world.ts';
import { A_SECOND, type Lab } from '../lab.ts';
import { amplification, answeredShare } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { POLICIES } from '../policies/index.ts';
import type { Policy, Terms } from '../policies/policy.ts';
import {
  BAD_HOURS,
  brownOut,
  decemberOf2024,
  DEMO_BAD,
  demoDay,
  fastOutage,
  juneOf2025,
  ONSET,
  overload,
} from '../scenes.ts';
import { chart, escape, type Frame, LINES } from './chart.ts';
import { htmlOf } from './markdown.ts';
import { STYLE } from './style.ts';

const FILE = join(import.meta.dirname, '..', '..', 'results', 'storm.html');

/** A scene as it is shown: one panel for each client. */
export interface Picture {
  /** Part of a file's name. */
  readonly id: string;
  readonly title: string;
  readonly says: string;
  readonly name: string;
  readonly scene: Scene;
  readonly frame: Frame;
  readonly terms: Terms;
  /** Clients that are shown besides the usual ones, in a scene of their own. */
  readonly also?: { readonly policy: Policy; readonly title: string; readonly name: string; readonly scene: Scene };
}

const AS_SHIPPED: Terms = { attemptMs: null };
const HOURS = { from: BAD_HOURS.from - 1800, to: BAD_HOURS.to + 1800, badFrom: BAD_HOURS.from, badTo: BAD_HOURS.to };

const twoProviders = (name: string, scene: Scene): NonNullable<Picture['also']> => ({
  policy: holdfast,
  title: `${holdfast.name}, with a second provider`,
  name,
  scene,
});

export const PICTURES: readonly Picture[] = [
  {
    id: 'brown-out',
    title: 'A brown-out of ten seconds at 70 % load',
    says: 'A fifth of the capacity is left from 60 s to 70 s; then all of it is back. Does the traffic find its way back too?',
    name: 'brown-out 0.7 10',
    scene: brownOut(0.7, 10),
    frame: { from: 40, to: 180, badFrom: ONSET, badTo: ONSET + 10, most: 250 },
    terms: A_SECOND,
  },
  {
    id: 'outage',
    title: 'A minute of fast 503',
    says: 'Every request is refused at once, at 70 calls a second.',
    name: 'fast-outage',
    scene: fastOutage(),
    frame: { from: 40, to: 150, badFrom: ONSET, badTo: ONSET + 60, most: 350 },
    terms: A_SECOND,
  },
  {
    id: 'overload',
    title: 'Twice the capacity, with a deadline of a second',
    says: 'Two hundred calls a second on a server that can answer one hundred: half of them is all there is to be had.',
    name: 'overload 2',
    scene: overload(2),
    frame: { from: 0, to: 68, badFrom: 0, badTo: 68, most: 400 },
    terms: A_SECOND,
  },
  {
    id: 'june',
    title: 'A day like 10 June 2025',
    says: 'A quarter of the calls fail for four hours.',
    name: 'june alone',
    scene: juneOf2025(false),
    frame: { ...HOURS, most: 4 },
    terms: AS_SHIPPED,
    also: twoProviders('june two', juneOf2025(true)),
  },
  {
    id: 'december',
    title: 'A day like 26 December 2024',
    says: 'One provider is gone for four hours.',
    name: 'december alone',
    scene: decemberOf2024(false),
    frame: { ...HOURS, most: 6 },
    terms: AS_SHIPPED,
    also: twoProviders('december two', decemberOf2024(true)),
  },
  {
    id: 'demo',
    title: 'The weather of the demo',
    says: 'Twenty-four minutes each: calm, a storm of 429s, a quarter of errors, cut streams, and nobody there.',
    name: 'demo alone',
    scene: demoDay(false),
    frame: { from: 0, to: DEMO_BAD.to, badFrom: DEMO_BAD.from, badTo: DEMO_BAD.to, most: 6 },
    terms: AS_SHIPPED,
    also: twoProviders('demo two', demoDay(true)),
  },
];

/** Writes the page of pictures and the tables of every yardstick. Returns where it is. */
export async function writeReport(lab: Lab, figures: readonly Figure[], tables: string): Promise<string> {
  const sections: string[] = [];
  for (const picture of PICTURES) sections.push(await section(lab, picture, POLICIES));
  await mkdir(dirname(FILE), { recursive: true });
  await writeFile(FILE, page(sections, figures, tables));
  return FILE;
}

/** A scene's panels, for the clients given and those that it adds. */
export async function section(lab: Lab, picture: Picture, policies: readonly Policy[]): Promise<string> {
  const { title, says, name, scene, frame, terms, also } = picture;
  const panels: string[] = [];
  for (const policy of policies) panels.push(await panel(lab, policy, policy.name, name, scene, frame, terms));
  if (also !== undefined) {
    panels.push(await panel(lab, also.policy, also.title, also.name, also.scene, frame, terms));
  }
  return `<section><h2>${escape(title)}</h2><p>${escape(says)}</p><div class="panels">${panels.join('')}</div></section>`;
}

async function panel(
  lab: Lab,
  policy: Policy,
  title: string,
  name: string,
  scene: Scene,
  frame: Frame,
  terms: Terms,
): Promise<string> {
  const tale = await lab.tell(policy, name, scene, 1, terms);
  const answered = `${(100 * answeredShare(tale, frame.badFrom, frame.to)).toFixed(1)} %`;
  const attempts = amplification(tale, frame.badFrom, frame.badTo).toFixed(2);
  const caption = `<b>${escape(title)}</b><span><i>${answered}</i> answered, <i>${attempts}</i> attempts a call</span>`;
  const picture = chart(tale.series, frame, `${title}: ${answered} answered, ${attempts} attempts a call`);
  return `<figure${policy === holdfast ? ' class="own"' : ''}><figcaption>${caption}</figcaption>${picture}</figure>`;
}

export function legend(): string {
  const lines = LINES.map(({ name }) => `<span><i class="${name}"></i>${name}</span>`).join('');
  return `<p class="legend">${lines}<span><i class="bad"></i>the bad time</span></p>`;
}

function page(sections: readonly string[], figures: readonly Figure[], tables: string): string {
  const rows = figures.map(
    ({ id, value, unit, target, holds }) =>
      `<tr class="${holds ? 'holds' : 'short'}"><td>${escape(id)}</td><td class="number">${Number.isFinite(value) ? value : 'never'}</td><td>${escape(unit)}</td><td>${escape(target)}</td><td>${holds ? 'holds' : 'falls short'}</td></tr>`,
  );
  const heads = '<th>figure</th><th class="number">value</th><th></th><th>target</th><th></th>';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast in a storm</title><style>${STYLE}</style></head><body>
<h1>Holdfast in a storm</h1>
<p>Each picture is one run of a client against a model of a provider, on a virtual clock and from one seed: the same calls arrive
for every client. Counts are per second of virtual time. Beside each name: the share answered of all calls since the bad time began,
and attempts for each call while it lasts. <code>npm run bench -- storm</code> draws this page.</p>
${legend()}
${sections.join('\n')}
${htmlOf(tables)}
<section><h2>What Holdfast is held to</h2><div class="wide"><table><thead><tr>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table></div></section>
</body></html>
`;
}
