import { hash } from './chance.ts';
import { jsonAnswer } from './script.ts';
import type { WholeAnswer } from './script.ts';
import { CALM, conditionsAt } from './weather.ts';
import type { Conditions, Spell, Weather } from './weather.ts';

/** What the status page has to know. */
export interface StatusView {
  readonly name: string;
  readonly url: string;
  readonly weather: Weather | null;
  /** Since the weather began, ms. */
  readonly elapsedMs: number;
  /** Wall time now, ms since 1970. */
  readonly now: number;
}

type Impact = 'none' | 'minor' | 'major' | 'critical';

const COMPONENT_STATUS: Readonly<Record<Impact, string>> = {
  none: 'operational',
  minor: 'degraded_performance',
  major: 'partial_outage',
  critical: 'major_outage',
};

const DESCRIPTION: Readonly<Record<Impact, string>> = {
  none: 'All Systems Operational',
  minor: 'Degraded Performance',
  major: 'Partial System Outage',
  critical: 'Major System Outage',
};

const COMPONENTS = ['Chat Completions', 'Responses', 'Embeddings', 'Files', 'Images', 'Audio', 'Moderations'];

/**
 * The status page of a simulated provider in the shape of Statuspage's API v2, with a page for people at /status.
 * Null for any other path. It reads the weather, as late as the weather says, and knows nothing of other faults.
 */
export function statusPage(path: string, view: StatusView): WholeAnswer | null {
  const body = () => ({ page: pageOf(view), status: overall(view) });
  switch (path) {
    case '/api/v2/status.json':
      return jsonAnswer(200, body());
    case '/api/v2/components.json':
      return jsonAnswer(200, { page: pageOf(view), components: components(view) });
    case '/api/v2/incidents.json':
      return jsonAnswer(200, { page: pageOf(view), incidents: incidents(view) });
    case '/api/v2/incidents/unresolved.json':
      return jsonAnswer(200, { page: pageOf(view), incidents: unresolved(view) });
    case '/api/v2/scheduled-maintenances.json':
      return jsonAnswer(200, { page: pageOf(view), scheduled_maintenances: [] });
    case '/api/v2/summary.json':
      return jsonAnswer(200, {
        ...body(),
        components: components(view),
        incidents: unresolved(view),
        scheduled_maintenances: [],
      });
    case '/status':
      return { status: 200, body: htmlPage(view), contentType: 'text/html; charset=utf-8' };
    default:
      return null;
  }
}

/** How bad the conditions are, as a status page would put it. */
function impactOf({ capacity, latency, faults }: Conditions): Impact {
  const failing = Object.values(faults).reduce((sum, share) => sum + share, 0);
  if (capacity === 0 || failing >= 0.9) return 'critical';
  if (capacity < 0.5 || failing >= 0.25) return 'major';
  return capacity < 1 || latency > 1 || failing > 0 ? 'minor' : 'none';
}

function currentImpact({ weather, elapsedMs }: StatusView): Impact {
  return impactOf(weather === null ? CALM : conditionsAt(weather, elapsedMs - weather.statusLagMs));
}

function pageOf({ name, url, now }: StatusView) {
  return { id: idOf(name), name, url: `${url}/status`, time_zone: 'Etc/UTC', updated_at: iso(now) };
}

function overall(view: StatusView) {
  const impact = currentImpact(view);
  return { indicator: impact, description: DESCRIPTION[impact] };
}

function components(view: StatusView) {
  const status = COMPONENT_STATUS[currentImpact(view)];
  const beganAt = iso(view.now - view.elapsedMs);
  return COMPONENTS.map((name, index) => ({
    id: idOf(name),
    name,
    status,
    group: false,
    group_id: null,
    only_show_if_degraded: false,
    created_at: beganAt,
    updated_at: iso(view.now),
    position: index + 1,
    description: null,
    showcase: true,
    start_date: beganAt.slice(0, 10),
    page_id: idOf(view.name),
  }));
}

function unresolved(view: StatusView) {
  return incidents(view).filter((incident) => incident.resolved_at === null);
}

/** Every spell that has begun is an incident, the newest first. */
function incidents(view: StatusView) {
  const { weather } = view;
  if (weather === null) return [];
  return weather.timeline
    .map((spell, index) => ({ spell, index, toldMs: spell.atMs + weather.statusLagMs }))
    .filter(({ toldMs }) => toldMs <= view.elapsedMs)
    .sort((a, b) => b.toldMs - a.toldMs)
    .map(({ spell, index, toldMs }) => incident(view, spell, idOf(`${weather.name} ${index}`), toldMs));
}

function incident(view: StatusView, spell: Spell, id: string, toldMs: number) {
  const impact = impactOf({ ...spell, spells: [] });
  const began = view.now - view.elapsedMs;
  const startedAt = iso(began + toldMs);
  const over = toldMs + spell.forMs <= view.elapsedMs;
  const resolvedAt = over ? iso(began + toldMs + spell.forMs) : null;
  const update = (status: string, at: string, body: string) => ({
    id: idOf(`${id} ${status}`),
    status,
    body,
    created_at: at,
    display_at: at,
    updated_at: at,
    affected_components: COMPONENTS.map((name) => ({
      code: idOf(name),
      name,
      old_status: status === 'resolved' ? COMPONENT_STATUS[impact] : 'operational',
      new_status: status === 'resolved' ? 'operational' : COMPONENT_STATUS[impact],
    })),
  });
  const updates = [update('investigating', startedAt, 'We are investigating this issue.')];
  if (resolvedAt !== null) updates.unshift(update('resolved', resolvedAt, 'This incident has been resolved.'));
  return {
    id,
    name: titleOf(spell),
    status: resolvedAt === null ? 'investigating' : 'resolved',
    impact,
    shortlink: `${view.url}/status`,
    created_at: startedAt,
    updated_at: resolvedAt ?? startedAt,
    started_at: startedAt,
    monitoring_at: null,
    resolved_at: resolvedAt,
    incident_updates: updates,
    components: components(view),
  };
}

function titleOf({ capacity, latency, faults }: Spell): string {
  if (Object.keys(faults).length > 0) return 'Elevated error rates';
  if (capacity < 1) return 'Reduced capacity';
  return latency > 1 ? 'Elevated latency' : 'Maintenance without impact';
}

function iso(wall: number): string {
  return new Date(wall).toISOString();
}

/** Twelve letters and digits, as Statuspage has them, the same for the same name. */
function idOf(name: string): string {
  return (hash(name).toString(36) + hash(name, 7).toString(36)).padEnd(12, '0').slice(0, 12);
}

function htmlPage(view: StatusView): string {
  const impact = currentImpact(view);
  const rows = COMPONENTS.map((name) => `<tr><td>${name}</td><td>${COMPONENT_STATUS[impact]}</td></tr>`).join('');
  const news = incidents(view)
    .map((one) => `<li><strong>${one.name}</strong> (${one.impact}, ${one.status}) since ${one.started_at}</li>`)
    .join('');
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Status of ${escape(view.name)}</title>` +
    '<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}</style>' +
    `</head><body><h1>${escape(view.name)}: ${DESCRIPTION[impact]}</h1><table>${rows}</table>` +
    `<h2>Incidents</h2>${news === '' ? '<p>None.</p>' : `<ul>${news}</ul>`}</body></html>`
  );
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
