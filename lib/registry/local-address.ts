import { BlockList, isIP } from "node:net";

const LOCAL = new BlockList();
LOCAL.addSubnet("127.0.0.0", 8, "ipv4");
LOCAL.addSubnet("0.0.0.0", 8, "ipv4");
LOCAL.addSubnet("169.254.0.0", 16, "ipv4");
LOCAL.addAddress("::1", "ipv6");
LOCAL.addAddress("::", "ipv6");
LOCAL.addSubnet("fe80::", 10, "ipv6");
// The instance metadata and credential endpoints over IPv6.
LOCAL.addAddress("fd00:ec2::254", "ipv6");
LOCAL.addAddress("fd00:ec2::23", "ipv6");

/**
 * Whether a host is loopback or link-local: the function itself, or the metadata service beside it. Such an address in a
 * registration is refused outside the local environment.
 */
export function isLocalHost(host: string): boolean {
  const bare = host
    .replace(/^\[|\]$/g, "")
    .toLowerCase()
    .replace(/\.$/, "");
  if (bare === "localhost" || bare.endsWith(".localhost")) return true;
  const version = isIP(bare);
  if (version === 4) return LOCAL.check(bare, "ipv4");
  if (version === 6) return LOCAL.check(bare, "ipv6");
  return false;
}

/** @returns what is wrong with the URL as an address outside its own cluster, or undefined when nothing is. */
export function refuseUrl(text: string, options: { local: boolean }): string | undefined {
  if (!URL.canParse(text)) return `"${text}" is no URL`;
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return `"${text}" must be an http or https URL`;
  if (!options.local && isLocalHost(url.hostname))
    return `"${text}" is a loopback or link-local address, which is refused outside the local environment`;
  return undefined;
}
