import type { StoreAddress, StoreKind } from "./address.ts";
import { openConsul } from "./consul.ts";
import { openEtcd } from "./etcd.ts";
import type { Store } from "./types.ts";

const kinds: Readonly<Record<StoreKind, (address: StoreAddress) => Store>> = { consul: openConsul, etcd: openEtcd };

/**
 * Opens the store at an address; nothing is asked yet.
 *
 * @throws CONFIG_INVALID when a file for TLS cannot be read
 */
export function openStore(address: StoreAddress): Store {
  return kinds[address.kind](address);
}
