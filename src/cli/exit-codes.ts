/** What a command ends with; the same for every command. */
export const exitCodes = {
  good: 0,
  /** It could not be done: a node that refused or cannot be reached, a port in use, a check that failed. */
  failed: 1,
  /** Invalid arguments, or a configuration or another file that is invalid. */
  invalid: 2,
  /** What was compared is not the same, or a hypothesis did not hold. */
  differs: 3,
  /** Too little was seen to say which. */
  notEnough: 4,
} as const;
