import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Figure } from '../../figures.ts';
import type { Scene } from '../../../src/simulator/virtual/world.ts';
import { A_SECOND, type Lab } from '../lab.ts';
import { amplification, answeredShare } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { POLICIES } from '../policies/index.ts';
import type { Policy, Terms } from '../policies/policy.ts';
import { BAD_HOURS, brownOut, decemberOf2024, fastOutage, juneOf2025, ONSET, overload } from '../scenes.ts';
import { chart, escape, type Frame, LINES } from './chart.ts';

const FILE = join(import.meta.dirname, '..', '..', 'results', 'storm.html');

interface Picture {
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

const PICTURES: readonly Picture[] = [
  {
    title: 'A brown-out of ten seconds at 70 % load',
    says: 'A fifth of the capacity is left from 60 s to 70 s; then all of it is back. Does the traffic find its way back too?',
    name: 'brown-out 0.7 10',
    scene: brownOut(0.7, 10),
    frame: { from: 40, to: 180, badFrom: ONSET, badTo: ONSET + 10, most: 250 },
    terms: A_SECOND,
  },
  {
    title: 'A minute of fast 503',
    says: 'Every request is refused at once, at 70 calls a second.',
    name: 'fast-outage',
    scene: fastOutage(),
    frame: { from: 40, to: 150, badFrom: ONSET, badTo: ONSET + 60, most: 350 },
    terms: A_SECOND,
  },
  {
    title: 'Twice the capacity, with a deadline of a second',
    says: 'Two hundred calls a second on a server that can answer one hundred.',
    name: 'overload 2',
    scene: overload(2),
    frame: { from: 0, to: 70, badFrom: 0, badTo: 70, most: 400 },
    terms: A_SECOND,
  },
  {
    title: 'A day like 10 June 2025',
    says: 'A quarter of the calls fail for four hours.',
    name: 'june alone',
    scene: juneOf2025(false),
    frame: { ...HOURS, most: 4 },
    terms: AS_SHIPPED,
    also: twoProviders('june two', juneOf2025(true)),
  },
  {
    title: 'A day like 26 December 2024',
    says: 'One provider is gone for four hours.',
    name: 'december alone',
    scene: decemberOf2024(false),
    frame: { ...HOURS, most: 6 },
    terms: AS_SHIPPED,
    also: twoProviders('december two', decemberOf2024(true)),
  },
];

/** Writes the page of pictures. Returns where it is. */
export async function writeReport(lab: Lab, figures: readonly Figure[]): Promise<string> {
  const sections: string[] = [];
  for (const picture of PICTURES) sections.push(await section(lab, picture));
  await mkdir(dirname(FILE), { recursive: true });
  await writeFile(FILE, page(sections, figures));
  return FILE;
}

async function section(lab: Lab, picture: Picture): Promise<string> {
  const { title, says, name, scene, frame, terms, also } = picture;
  const panels: string[] = [];
  for (const policy of POLICIES) panels.push(await panel(lab, policy, policy.name, name, scene, frame, terms));
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
  const answered = 100 * answeredShare(tale, frame.badFrom, frame.to);
  const attempts = amplification(tale, frame.badFrom, frame.badTo);
  const said = `${answered.toFixed(1)} % answered from its beginning on, ${attempts.toFixed(2)} attempts per call while it lasts`;
  return `<figure${policy === holdfast ? ' class="own"' : ''}><figcaption><b>${escape(title)}</b>${said}</figcaption>${chart(tale.series, frame, `${title}: ${said}`)}</figure>`;
}

function page(sections: readonly string[], figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ id, value, unit, target, holds }) =>
      `<tr class="${holds ? 'holds' : 'short'}"><td>${escape(id)}</td><td>${Number.isFinite(value) ? value : 'never'} ${escape(unit)}</td><td>${escape(target)}</td><td>${holds ? 'holds' : 'falls short'}</td></tr>`,
  );
  const legend = LINES.map(({ name, colour }) => `<span><i style="background:${colour}"></i>${name}</span>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast in a storm</title><style>${STYLE}</style></head><body>
<h1>Holdfast in a storm</h1>
<p>Each picture is one run of a client against a model of a provider, on a virtual clock and from one seed: the same calls arrive
for every client. Counts are per second of virtual time. <code>npm run bench -- storm</code> draws this page.</p>
<p class="legend">${legend}<span><i class="bad"></i>the bad time</span></p>
${sections.join('\n')}
<section><h2>What Holdfast is held to</h2><table><thead><tr><th>figure</th><th>value</th><th>target</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table></section>
</body></html>
`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5d6676;--paper:#fff;--line:#e3e6ec;--bad:#f6dfe2;--own:#2e9e6b}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#9aa3b2;--paper:#14181f;--line:#2a313c;--bad:#3a2328}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1240px;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.7rem;margin:0 0 .4rem}h2{font-size:1.2rem;margin:2.2rem 0 .2rem}p{margin:.2rem 0 .8rem;color:var(--soft);max-width:75ch}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:14px}
figure{margin:0;padding:10px 12px 6px;border:1px solid var(--line);border-radius:8px}figure.own{border:2px solid var(--own)}
figcaption{font-size:12.5px;color:var(--soft);line-height:1.35}figcaption b{display:block;color:var(--ink);font-size:14px}
svg{display:block;width:100%;height:auto;margin-top:4px}svg path{fill:none;stroke-width:1.5;stroke-linejoin:round}
svg text{font-size:9.5px;fill:var(--soft)}.grid{stroke:var(--line)}rect.bad{fill:var(--bad)}
.legend span{margin-right:1.2em;white-space:nowrap}.legend i{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:.4em;vertical-align:middle}
.legend i.bad{height:12px;background:var(--bad)}
table{border-collapse:collapse;font-size:13.5px}td,th{text-align:left;padding:3px 14px 3px 0;border-bottom:1px solid var(--line)}
.holds td:last-child{color:#2e9e6b}.short td:last-child{color:#d1495b;font-weight:600}
`;
