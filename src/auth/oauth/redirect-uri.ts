/**
 * Where a browser may be sent with a code: to the program that waits on this same machine, and
 * nowhere else (RFC 8252, 7.3). Checked at every step that touches the address, because the step
 * that believes another one is the hole.
 */
import { limits } from "../../core/limits.ts";

export const redirectPorts = { first: 10_000, last: 10_010 } as const;

const form =
	/^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):(1000[0-9]|10010)(\/(?:[A-Za-z0-9\-._~!$&()*+,;=:@/]|%[0-9A-Fa-f]{2})*)$/;

/** True for `http://{127.0.0.1,localhost,[::1]}:10000-10010/<path>`, without query and fragment. */
export function isLoopbackRedirect(uri: string): boolean {
	if (uri.length > limits.redirectUriBytesMax) return false;
	const path = form.exec(uri)?.[2];
	return path !== undefined && !path.includes("//");
}
