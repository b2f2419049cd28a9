import { escapeMarkup } from "../plot/markup.ts";

/** One test case: failed, skipped, or passed. */
export type JunitCase = { readonly name: string; readonly failure?: string; readonly skip?: string };

/** A suite of test cases. */
export type JunitSuite = {
  readonly name: string;
  readonly cases: readonly JunitCase[];
  readonly seconds: number;
  /** In ISO 8601. */
  readonly timestamp: string;
  readonly failureType: string;
  readonly properties: Readonly<Record<string, string | number>>;
  /** The whole as text. */
  readonly output: string;
};

/**
 * A suite as JUnit XML.
 *
 * @see https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
 */
export function junitXml(suite: JunitSuite): string {
  const { name, cases, seconds: time, timestamp, properties, output } = suite;
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter(({ skip }) => skip !== undefined).length;
  const counts = { tests: cases.length, failures, errors: 0 };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "stuntdouble", ...counts, time })}>`,
    `<testsuite${attributes({ name, ...counts, skipped, time, timestamp: timestamp.slice(0, 19) })}>`,
    "<properties>",
    ...Object.entries(properties).map(([name, value]) => `<property${attributes({ name, value })}/>`),
    "</properties>",
    ...cases.map((each) => caseXml(suite, each)),
    `<system-out>${escapeLines(output)}</system-out>`,
    "</testsuite>",
    "</testsuites>",
  ].join("\n");
}

function caseXml({ name: suite, failureType: type }: JunitSuite, { name, failure, skip }: JunitCase): string {
  const open = `<testcase${attributes({ name, classname: suite })}`;
  if (failure !== undefined)
    return `${open}><failure${attributes({ type, message: failure })}>${escapeMarkup(failure)}</failure></testcase>`;
  if (skip !== undefined) return `${open}><skipped${attributes({ message: skip })}/></testcase>`;
  return `${open}/>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeMarkup(String(value))}"`)
    .join("");
}

/** Line ends stay as they are. */
function escapeLines(text: string): string {
  return text.split("\n").map(escapeMarkup).join("\n");
}
