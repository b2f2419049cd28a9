import { noCurrentDate, type Rule } from "./no-current-date.ts";

const rules: Readonly<Record<string, Rule>> = { "no-current-date": noCurrentDate };

/** Rules of this house that the linter does not have. */
export default { meta: { name: "house" }, rules };
