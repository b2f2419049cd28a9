import { expect, test } from "vitest";
import { unacknowledgedIn } from "../../../src/act/acknowledged.ts";

/** Made by Linux 6: one that listens, one with 300 bytes on their way, one over IPv6 with all of them there. */
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:AA35 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1445449 1 0000000000cd74c4 100 0 0 10 0
10001: 0100007F:AA35 0100007F:D74C 01 0000012C:00000000 01:00000014 00000000     0        0 1445451 2 00000000cd2a71c2 20 0 0 12 -1
   2: 00000000000000000000000001000000:AA35 00000000000000000000000001000000:D74D 01 00000000:00000010 00:00000000 00000000     0        0 1445450 2 000000009acc1d8b 20 4 0 10 -1
`;

test("the bytes that the other side has not acknowledged are known by the ports of their connection", () => {
  expect([...unacknowledgedIn(table)]).toEqual([["43573:55116", 300]]);
});

test("a table that is none names no connection", () => {
  expect(unacknowledgedIn("").size).toBe(0);
});
