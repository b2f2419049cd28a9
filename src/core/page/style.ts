import { plotStyle } from "../plot/plot.ts";

/** The style of a report's page, light and dark as its reader has it. The colours of lines differ in lightness as well. */
export const pageStyle = `
:root{--page:#fff;--card:#f5f6f8;--ink:#1b1f27;--muted:#596273;--rule:#dfe3ea;--band:#e9eefb;--alarm:#b3261e;--one:#2b59c3;--two:#b45309;--three:#a21caf;--four:#0f7b6c;--good:#136c3a;--bad:#b3261e;--open:#8a5300}
@media (prefers-color-scheme:dark){:root{--page:#14171d;--card:#1d222b;--ink:#e7eaf0;--muted:#a3adbd;--rule:#313947;--band:#232d45;--alarm:#ff8a80;--one:#8fb0ff;--two:#ffb454;--three:#f0a2fb;--four:#5eead4;--good:#7ee2a8;--bad:#ff8a80;--open:#ffcc80}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{margin:.1rem 0 .4rem;font-size:1.75rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:2.5rem 0 .5rem;font-size:1.2rem}
.kind,.note{margin:0;color:var(--muted);font-size:.875rem}
.note{margin-bottom:.5rem;max-width:70ch}
.hypothesis{margin:0 0 1rem;font-size:1.05rem;max-width:70ch;overflow-wrap:anywhere}
.verdict{margin:1rem 0;padding:.7rem 1rem;border-left:.35rem solid;border-radius:.25rem;background:var(--card);overflow-wrap:anywhere}
.verdict strong{margin-right:.5rem;white-space:nowrap}
.good{border-color:var(--good)}.good strong{color:var(--good)}
.bad{border-color:var(--bad)}.bad strong{color:var(--bad)}
.open{border-color:var(--open)}.open strong{color:var(--open)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1.25rem 0}
.figures div{padding:.7rem .9rem;border-radius:.4rem;background:var(--card)}
dt{color:var(--muted);font-size:.8125rem}
dd{margin:0;font-size:1.35rem;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
dd small{display:block;color:var(--muted);font-size:.75rem;font-weight:400}
figure{margin:1.25rem 0 1.75rem}
figcaption{font-weight:600}
.narrow{display:none}
@media (max-width:640px){main{padding:1.25rem 1rem 3rem}.wide{display:none}.narrow{display:block}.figures{grid-template-columns:1fr 1fr}h1{font-size:1.4rem}}
.scroll{overflow-x:auto}
table{border-collapse:collapse;min-width:100%;font-size:.875rem}
th,td{padding:.4rem 1.25rem .4rem 0;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top;overflow-wrap:break-word;max-width:26rem}
thead th{color:var(--muted);font-weight:500}
tbody th{font-weight:500}
@media (max-width:640px){.long-first tbody th{min-width:9rem}}
h3{margin:1.75rem 0 .25rem;font-size:1rem}
.number,thead .number{text-align:right;font-variant-numeric:tabular-nums}
.long{max-height:9rem;overflow:auto}
details{margin:.75rem 0}
summary{cursor:pointer;color:var(--muted)}
details .scroll{max-height:24rem;overflow:auto}
${plotStyle}`;
