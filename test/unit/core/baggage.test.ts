import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readBaggage, withoutBaggage } from "../../../src/core/baggage.ts";

test.each([
  ['stuntdouble="simulate, fault=cut;after=12"', "simulate, fault=cut;after=12"],
  ["stuntdouble=simulate%2C%20fault%3Dcut%3Bafter%3D12", "simulate, fault=cut;after=12"],
  ["stuntdouble=%22simulate%2C%20ttft%3D5%22;ttl=1", "simulate, ttft=5"],
  ['userId=alice, stuntdouble = "profile=\\"gpt-4o\\"";p=1,b=2', 'profile="gpt-4o"'],
  ['stuntdouble="text=%\\"f%c3%bcr\\""', 'text=%"f%c3%bcr"'],
  ["stuntdouble=ttft%3D5,a=1,stuntdouble=itl%3D2", "ttft=5, itl=2"],
  ["stuntdouble=100%", "100%"],
  ['a="x,stuntdouble=simulate', "simulate"],
  ["notstuntdouble=simulate", undefined],
  ["a=stuntdouble", undefined],
  ["stuntdoubles=simulate", undefined],
])("%s says %s", (header, said) => {
  expect(readBaggage(header)).toBe(said);
});

test.each([
  ["a=1, stuntdouble=x, b=2;p=3", "a=1, b=2;p=3"],
  ["stuntdouble=x,b=2", "b=2"],
  ['a=1 ,b = 2 ; p, stuntdouble="x,y"', "a=1 ,b = 2 ; p"],
  ["stuntdouble=x", undefined],
  [' stuntdouble="x",stuntdouble=y ', undefined],
  ["a=stuntdouble,,b", "a=stuntdouble,,b"],
])("%s without our member is %s", (header, left) => {
  expect(withoutBaggage(header)).toBe(left);
});

test("the members of others stay byte for byte, wherever ours stands", () => {
  const other = fc
    .stringMatching(/^[a-z]{1,8}[ \t]?=[^,\s][^,]{0,20}[^,\s]$/)
    .filter((each) => !each.includes("stuntdouble"));
  const ours = fc.constantFrom('stuntdouble="simulate, ttft=5"', "stuntdouble=simulate", 'stuntdouble="x\\"y,";p=1');
  fc.assert(
    fc.property(fc.array(other, { maxLength: 4 }), fc.array(other, { maxLength: 4 }), ours, (before, after, member) => {
      const left = [...before, ...after].join(",");
      expect(withoutBaggage([...before, member, ...after].join(","))).toBe(left === "" ? undefined : left);
    }),
  );
});
