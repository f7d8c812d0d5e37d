import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

/** `code` of the error when a name resolves to an address that is refused. */
export const REFUSED_ADDRESS = "EREFUSEDADDRESS";

/** A DNS lookup that fails when any of the name's addresses is refused, so that no name leads around the check. */
export function guardedLookup(refuse: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "");
      const refused = addresses.find(({ address }) => refuse(address));
      if (refused !== undefined) {
        const message = `${hostname} resolves to ${refused.address}, a loopback or link-local address`;
        return callback(Object.assign(new Error(message), { code: REFUSED_ADDRESS }), "");
      }
      const [first] = addresses;
      if (options.all === true) return callback(null, addresses);
      return callback(null, first?.address ?? "", first?.family ?? 4);
    });
  };
}
