/** The server's address: checked once, and the only place that requests are sent to. */
import { ClientError } from "./errors.ts";
import { clientLimits } from "./limits.ts";

/**
 * The address in its one spelling: scheme, host, port and path without a trailing slash.
 * @throws ClientError `invalid_server_url`.
 */
export function normaliseServerUrl(text: string): string {
	const refuse = (message: string, hint = "write it like https://taco.example.com"): never => {
		throw new ClientError("invalid_server_url", message, { hint });
	};
	const trimmed = text.trim();
	if (trimmed === "") return refuse("the server URL is empty");
	if (trimmed.length > clientLimits.serverUrlBytesMax) return refuse("the server URL is too long");
	if (!/^https?:\/\//i.test(trimmed)) {
		return refuse("the server URL does not start with http:// or https://");
	}
	let url: URL;
	try {
		url = new URL(trimmed);
	} catch {
		return refuse("the server URL cannot be parsed");
	}
	if (url.username !== "" || url.password !== "") {
		return refuse(
			"the server URL holds a user name or password",
			"leave it out; the token goes into OPENTACO_TOKEN or is stored by `taco login`",
		);
	}
	if (url.search !== "" || url.hash !== "") {
		return refuse("the server URL holds a query or a fragment");
	}
	return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
