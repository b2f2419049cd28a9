import { pageStyle } from "../../core/page/style.ts";
import { chaosStyle } from "./style-chaos.ts";

/** The style of the dashboard: that of reports, and what only the dashboard has. */
export const dashboardStyle = `${pageStyle}
main{max-width:1280px;padding-top:1rem}
header{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.25rem;padding:.6rem 1.25rem;border-bottom:1px solid var(--rule)}
.brand{margin:0;font-weight:700}
nav{flex:1}
nav ul{display:flex;flex-wrap:wrap;gap:.1rem .9rem;list-style:none;margin:0;padding:0}
nav a{display:inline-block;padding:.35rem 0;color:var(--ink);text-decoration:none}
nav a[aria-current]{border-bottom:.2rem solid var(--one);font-weight:600}
a{color:var(--one)}
h2{overflow-wrap:anywhere}
:focus-visible{outline:.2rem solid var(--one);outline-offset:.1rem}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:.5rem;background:var(--page);padding:.4rem}
.alarm{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1rem;margin:0;padding:.6rem 1.25rem;background:#8f1d16;color:#fff;font-weight:600;overflow-wrap:anywhere}
.notice{padding:.6rem 1rem;border-left:.35rem solid var(--bad);background:var(--card);white-space:pre-wrap;overflow-wrap:anywhere}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:0 1.5rem}
.plots figure{margin:.75rem 0}
form.inline{display:inline-block;margin:.25rem .5rem .25rem 0}
form.filter{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:end;margin:1rem 0}
form.filter input{width:min(17rem,80vw)}
form.filter .short,form.explain .short{width:min(9rem,40vw)}
form.explain{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:end}
form.explain label{display:flex;flex-direction:column}
form.explain .wide-field{flex:1 1 16rem}
form.explain .whole{flex:1 1 100%}
label{color:var(--muted);font-size:.875rem}
textarea{display:block;width:100%;margin:.25rem 0;font:14px/1.4 ui-monospace,monospace}
input,select,textarea,button{font-size:.9375rem;color:var(--ink);background:var(--page);border:1px solid var(--muted);border-radius:.3rem;padding:.35rem .6rem}
button{cursor:pointer;background:var(--card);font-weight:600}
pre{overflow:auto;max-height:40rem;padding:.8rem 1rem;background:var(--card);border-radius:.4rem;font-size:.8125rem}
td.number{text-align:right;font-variant-numeric:tabular-nums}
.waterfall:not(.swatch){display:block;width:100%;max-width:54rem;height:auto;margin:.75rem 0;font:12px system-ui,sans-serif}
.waterfall text{fill:var(--muted)}
.waterfall .wait{fill:var(--rule)}
.waterfall .first{opacity:.6}
.waterfall .own{fill:var(--muted)}
.waterfall .connect{fill:var(--three)}
.waterfall .pool{fill:var(--three);opacity:.45}
.waterfall .body{fill:var(--one);opacity:.3}
.waterfall .queue{fill:var(--two)}
.waterfall .token{stroke:var(--one)}
.waterfall .struck{stroke:var(--alarm);fill:var(--alarm);font-weight:600}
.waterfall text.struck{stroke:none}
.mistakes{padding:0;list-style:none}
.mistakes li{margin:.6rem 0;overflow-wrap:anywhere}
.mistakes pre{margin:.3rem 0}
.diff .added{color:var(--good)}
.diff .removed{color:var(--bad)}
.diff .omitted{color:var(--muted)}
footer{padding:1rem 1.25rem;color:var(--muted);font-size:.8125rem}
.login{max-width:26rem;margin:4rem auto;padding:0 1.25rem}
.login input{display:block;width:100%;margin:.3rem 0 .8rem}
${chaosStyle}`;
