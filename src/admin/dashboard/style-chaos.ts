/** The style of what only the pages Chaos, Shadow and Upstreams have. */
export const chaosStyle = `
.cards{list-style:none;margin:0;padding:0;display:grid;gap:.5rem}
.cards details{margin:0;padding:.6rem .9rem;border-radius:.4rem;background:var(--card)}
.cards summary{color:var(--ink)}
.card{margin:.75rem 0;padding:.25rem 1rem 1rem;border:1px solid var(--rule);border-left:.35rem solid var(--alarm);border-radius:.4rem}
.card h3{margin:.6rem 0 .25rem;overflow-wrap:anywhere}
.card .figures{margin:.75rem 0}
form.fields{display:flex;flex-wrap:wrap;gap:.6rem 1rem;align-items:end;margin:.75rem 0}
form.fields label{display:grid;gap:.15rem}
form.fields input{width:14rem;max-width:80vw}
.stages,.strip{display:block;width:100%;max-width:60rem;height:auto;margin:.5rem 0 .25rem;font:12px system-ui,sans-serif}
.stages rect{fill:var(--band)}
.stages text{fill:var(--ink)}
.stages .current rect{fill:var(--rule);stroke:var(--alarm)}
.stages .current text{font-weight:600}
.stages rect.elapsed{fill:var(--alarm)}
.strip text{fill:var(--muted)}
.strip .closed{fill:var(--good)}
.strip .open{fill:var(--bad)}
.strip .half-open{fill:var(--open)}
.strip .label{fill:var(--page);font-weight:600}
.plots.pairs{grid-template-columns:repeat(auto-fit,minmax(min(100%,32rem),1fr))}
.buttons{display:flex;flex-wrap:wrap;align-items:end;gap:0 1rem}
.buttons form{margin:.75rem 0}
`;
