/** What each code of a finding means. A code stands for one kind of error, so that a program can tell them apart. */
export const findingCodes = {
  syntax: "The text is not valid YAML or JSON",
  empty: "The file holds no configuration",
  "unreadable-file": "A file, or a folder, cannot be read",
  unwritable: "A file, or a folder, that the node shall write cannot be written",
  "unused-file": "A key of a configuration store is read by nothing",
  "damaged-recording": "A recording cannot be used: it is damaged, none at all, or one too many",
  "duplicate-key": "A key is given twice",
  "unknown-key": "There is no such key",
  required: "A key is missing",
  "wrong-type": "A value has the wrong type",
  "not-allowed": "A value is none of those that are allowed",
  "out-of-range": "A number, a string or an array is too small or too large",
  "invalid-name": "A name is not one that can be given",
  "invalid-value": "A value has the right type and the wrong form",
  "unknown-name": "An upstream, a profile or an API key of that name does not exist",
  "duplicate-name": "Two things have the same name, or two API keys the same value",
  conflict: "Two settings cannot be combined",
  "unknown-price": "A model has no price, and what it costs is limited",
  loop: "An upstream leads back to this node",
  "shared-path": "The base URL of an upstream ends in what paths of the API begin with",
  "delay-limit": "The delays of one call together pass `control.maxDelayMs`",
  "unset-variable": "An environment variable is not set, or holds no usable secret",
  "bad-certificate": "A certificate and its key cannot be used",
  "no-effect": "A setting changes nothing",
  "never-reached": "A rule before this one takes every call that this one would match",
  "never-matches": "No call can meet the conditions of a rule",
  "same-port": "Two services listen on the same port",
  "open-admin": "The admin port takes requests from other machines without a token",
} as const;

/** The kind of an error or a warning. */
export type FindingCode = keyof typeof findingCodes;
