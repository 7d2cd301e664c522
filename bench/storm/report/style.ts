/** The page's look: the reader's own light or dark, the same colours for the same lines everywhere. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5d6676;--paper:#fff;--line:#e3e6ec;--bad:#f9e6e8;--attempts:#c8324a;--offered:#6b7484;--errors:#b97a08;--answered:#1f8a5b}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a4adbb;--paper:#14181f;--line:#2a313c;--bad:#34222a;--attempts:#ff7286;--offered:#98a2b3;--errors:#e9b04a;--answered:#4cc38f}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1280px;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.7rem;margin:0 0 .4rem}h2{font-size:1.2rem;margin:2.4rem 0 .2rem}p{margin:.2rem 0 .8rem;color:var(--soft);max-width:80ch}
code{font-size:.92em}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr));gap:14px}
figure{margin:0;padding:10px 10px 6px 12px;border:1px solid var(--line);border-radius:8px}figure.own{border:2px solid var(--answered);padding:9px 9px 5px 11px}
figcaption{font-size:12.5px;color:var(--soft)}
figcaption b{display:block;color:var(--ink);font-size:14px}figcaption i{font-style:normal;font-weight:600;color:var(--ink)}
svg{display:block;width:100%;height:auto;margin-top:4px}svg path{fill:none;stroke-width:1.5;stroke-linejoin:round}
svg text{font-size:9.5px;fill:var(--soft)}.grid{stroke:var(--line)}rect.bad{fill:var(--bad)}
svg path.attempts{stroke:var(--attempts)}svg path.offered{stroke:var(--offered);stroke-dasharray:2 3;stroke-width:1.3}
svg path.errors{stroke:var(--errors);stroke-width:1.2}svg path.answered{stroke:var(--answered)}svg path.area{fill:var(--answered);fill-opacity:.16;stroke:none}
svg text.attempts{fill:var(--attempts)}svg text.offered{fill:var(--offered)}svg text.errors{fill:var(--errors)}svg text.answered{fill:var(--answered)}
.legend span{margin-right:1.4em;white-space:nowrap}.legend i{display:inline-block;width:18px;height:0;border-top:3px solid;margin-right:.45em;vertical-align:middle}
.legend i.attempts{border-color:var(--attempts)}.legend i.offered{border-color:var(--offered);border-top-style:dotted}.legend i.errors{border-color:var(--errors)}.legend i.answered{border-color:var(--answered)}
.legend i.bad{height:12px;border:0;background:var(--bad);outline:1px solid var(--line)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13.5px}td,th{text-align:left;padding:3px 16px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.holds td:last-child{color:var(--answered)}.short td:last-child{color:var(--attempts);font-weight:600}
`;
