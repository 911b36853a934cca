/** Waits on this machine for the browser to come back from a login. */
import { randomBytes } from "node:crypto";
import { CliError } from "../errors.ts";

const waitMs = 5 * 60_000;

export interface Loopback {
	readonly redirectUri: string;
	/** The code that came with the right state. @throws CliError `login_failed`. */
	readonly code: Promise<string>;
	stop(): void;
}

/** A random text for state, nonce and verifier. */
export function randomText(): string {
	return randomBytes(32).toString("base64url");
}

/** S256, RFC 7636. */
export function challengeOf(verifier: string): string {
	return new Bun.CryptoHasher("sha256").update(verifier).digest("base64url");
}

/** Listens on the first of `ports` that is free. @throws CliError `login_failed`. */
export function listenForCode(
	ports: readonly number[],
	state: string,
	signal: AbortSignal,
): Loopback {
	const arrived = Promise.withResolvers<string>();
	arrived.promise.catch(() => undefined);
	const answer = (request: Request): Response => {
		const url = new URL(request.url);
		if (url.pathname !== "/callback") return new Response("Not found", { status: 404 });
		const query = url.searchParams;
		// Whoever guesses the port does not end the login with another state.
		if (query.get("state") !== state) return page(400, "This is not the login that was started.");
		const code = query.get("code");
		if (code === null || code === "") {
			arrived.reject(failed("the login was not allowed"));
			return page(200, "You are not logged in. You can close this window.");
		}
		arrived.resolve(code);
		return page(200, "You are logged in. You can close this window.");
	};
	const server = start(ports, answer);
	const late = setTimeout(
		() => arrived.reject(failed("nobody logged in within 5 minutes")),
		waitMs,
	);
	const interrupt = () => arrived.reject(new CliError("interrupted", "interrupted"));
	signal.addEventListener("abort", interrupt, { once: true });
	return {
		redirectUri: `http://127.0.0.1:${server.port}/callback`,
		code: arrived.promise,
		stop() {
			clearTimeout(late);
			signal.removeEventListener("abort", interrupt);
			// The browser's page is still on its way.
			void server.stop(false);
		},
	};
}

function start(ports: readonly number[], fetch: (request: Request) => Response) {
	for (const port of ports) {
		try {
			return Bun.serve({ hostname: "127.0.0.1", port, development: false, fetch });
		} catch (error) {
			if ((error as { code?: unknown }).code !== "EADDRINUSE") throw error;
		}
	}
	const named =
		ports.length === 1 ? `port ${ports[0]} is` : `ports ${ports[0]}-${ports.at(-1)} are`;
	throw failed(`${named} in use on this machine`, "end the other program that uses it");
}

function page(status: number, text: string): Response {
	return new Response(
		`<!doctype html><meta charset="utf-8"><title>OpenTaco</title><p>${text}</p>\n`,
		{
			status,
			headers: {
				"content-type": "text/html; charset=utf-8",
				"content-security-policy": "default-src 'none'",
				connection: "close",
			},
		},
	);
}

/** Why a login did not succeed. */
export function failed(message: string, hint = "start it again: taco login"): CliError {
	return new CliError("login_failed", message, hint);
}
