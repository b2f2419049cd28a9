import { expect, test } from "vitest";
import { entityTag, isKnown, requireVersion } from "../../../src/admin/preconditions.ts";

const tag = entityTag("version 1", "what was sent");

test("a copy is known by the tag of what would be sent, weak or not, among others or by *", () => {
  for (const header of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) expect(isKnown(header, tag)).toBe(true);
  for (const header of [undefined, "", '"other"', entityTag("version 1", "counted on")])
    expect(isKnown(header, tag)).toBe(false);
});

test("a change is meant for its version, whatever was counted meanwhile", () => {
  for (const header of [undefined, "*", tag, entityTag("version 1", "counted on"), `"other", ${tag}`])
    expect(() => requireVersion(header, "version 1")).not.toThrow();
});

test("a change that is meant for another version is held back with 412", () => {
  for (const header of ["", '"other"', entityTag("version 2", "what was sent")])
    expect(() => requireVersion(header, "version 1")).toThrow(expect.objectContaining({ status: 412 }));
});
