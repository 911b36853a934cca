/**
 * A real OpenID provider (the certified `oidc-provider`) on this machine, and a browser without a
 * screen that logs in at it.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface OpenIdProviderOptions {
	readonly clientId?: string;
	/** Absent: a public client. */
	readonly clientSecret?: string;
	readonly redirectUris: readonly string[];
	/** Claims by account name; `sub` is the name. */
	readonly accounts: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
	readonly port?: number;
}

export interface OpenIdProvider {
	readonly issuer: string;
	readonly clientId: string;
	readonly port: number;
	stop(): Promise<void>;
}

/** Starts a provider with fresh keys; with `port`, in the place of one that has stopped. */
export async function startOpenIdProvider(options: OpenIdProviderOptions): Promise<OpenIdProvider> {
	// @ts-expect-error the package comes without types
	const { Provider } = (await import("oidc-provider")) as { Provider: ProviderClass };
	const { port, server } = await listen(options.port ?? 0);
	const issuer = `http://127.0.0.1:${port}`;
	const clientId = options.clientId ?? "opentaco";
	const { privateKey } = await crypto.subtle.generateKey(
		{
			name: "RSASSA-PKCS1-v1_5",
			modulusLength: 2048,
			publicExponent: new Uint8Array([1, 0, 1]),
			hash: "SHA-256",
		},
		true,
		["sign", "verify"],
	);
	const {
		key_ops: _uses,
		ext: _extractable,
		...jwk
	} = await crypto.subtle.exportKey("jwk", privateKey);
	const kid = Bun.hash(jwk.n ?? "").toString(16);
	const provider = new Provider(issuer, {
		clients: [
			{
				client_id: clientId,
				redirect_uris: [...options.redirectUris],
				grant_types: [
					"authorization_code",
					"refresh_token",
					"urn:ietf:params:oauth:grant-type:device_code",
				],
				...(options.clientSecret === undefined
					? { token_endpoint_auth_method: "none", application_type: "native" }
					: { client_secret: options.clientSecret }),
			},
		],
		jwks: { keys: [{ ...jwk, kid, use: "sig", alg: "RS256" }] },
		cookies: { keys: ["a key that signs this test's cookies"] },
		features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
		claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
		conformIdTokenClaims: false,
		pkce: { required: () => true },
		findAccount: (_context: unknown, id: string) => {
			const claims = options.accounts[id];
			if (claims === undefined) return undefined;
			return { accountId: id, claims: async () => ({ sub: id, ...claims }) };
		},
	});
	server.on("request", provider.callback());
	return {
		issuer,
		clientId,
		port,
		stop: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

type ProviderClass = new (
	issuer: string,
	configuration: object,
) => { callback(): (...input: unknown[]) => void };

function listen(port: number): Promise<{ server: Server; port: number }> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", reject);
		server.listen(port, "127.0.0.1", () => {
			resolve({ server, port: (server.address() as AddressInfo).port });
		});
	});
}

function unescapeHtml(text: string): string {
	return text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

/** A page at which the browser stopped. */
export interface Stop {
	readonly url: string;
	readonly status: number;
	readonly body: string;
	readonly headers: Headers;
}

export interface HeadlessBrowserOptions {
	/** Ends a walk before this address is asked for. */
	readonly stopAt?: (url: string) => boolean;
	readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** Follows redirects, keeps cookies by host, fills in forms. */
export class HeadlessBrowser {
	readonly #cookies = new Map<string, Map<string, string>>();
	readonly #options: HeadlessBrowserOptions;

	constructor(options: HeadlessBrowserOptions = {}) {
		this.#options = options;
	}

	/** Opens an address and follows redirects. */
	async open(url: string, init: RequestInit = {}): Promise<Stop> {
		let next = { url, init };
		for (let hop = 0; hop < 20; hop++) {
			if (this.#options.stopAt?.(next.url)) {
				return { url: next.url, status: 0, body: "", headers: new Headers() };
			}
			const response = await this.#request(next.url, next.init);
			const location = response.headers.get("location");
			if (location === null || response.status < 300 || response.status > 399) {
				const { status, headers } = response;
				const body = await response.text();
				const onward = /<meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(body)?.[1];
				if (onward === undefined) return { url: next.url, status, headers, body };
				next = { url: unescapeHtml(onward), init: {} };
				continue;
			}
			await response.body?.cancel();
			next = { url: new URL(location, next.url).href, init: {} };
		}
		throw new Error("the browser was sent around in circles");
	}

	/** Submits the form of `stop` whose action contains `action`, with its hidden fields. */
	async submit(
		stop: Stop,
		action: string,
		values: Readonly<Record<string, string>>,
	): Promise<Stop> {
		for (const [form, target] of stop.body.matchAll(
			/<form[^>]*action="([^"]*)"[\s\S]*?<\/form>/g,
		)) {
			if (target === undefined || !target.includes(action)) continue;
			const fields = new URLSearchParams();
			for (const [input] of form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
				const name = /name="([^"]*)"/.exec(input)?.[1];
				if (name !== undefined) fields.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? "");
			}
			for (const [name, value] of Object.entries(values)) fields.set(name, value);
			return await this.open(new URL(target, stop.url).href, {
				method: "POST",
				headers: { "content-type": "application/x-www-form-urlencoded" },
				body: fields.toString(),
			});
		}
		throw new Error(
			`no form with ${action} at ${stop.url}: ${stop.status} ${stop.body.slice(0, 400)}`,
		);
	}

	/** Logs in at the provider's development pages and agrees, until they are left behind. */
	async logInAtProvider(start: Stop, issuer: string, account: string): Promise<Stop> {
		let stop = start;
		for (let step = 0; step < 5 && stop.url.startsWith(`${issuer}/interaction/`); step++) {
			const isLogin = stop.body.includes('name="login"');
			stop = await this.submit(
				stop,
				"/interaction/",
				isLogin ? { prompt: "login", login: account, password: "any" } : { prompt: "consent" },
			);
		}
		return stop;
	}

	async #request(url: string, init: RequestInit): Promise<Response> {
		const { host } = new URL(url);
		const jar = this.#cookies.get(host) ?? new Map<string, string>();
		this.#cookies.set(host, jar);
		const headers = new Headers(init.headers);
		if (jar.size > 0) {
			headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
		}
		const send = this.#options.fetch ?? fetch;
		const response = await send(url, { ...init, headers, redirect: "manual" });
		for (const line of response.headers.getSetCookie()) {
			const [pair = ""] = line.split(";");
			const at = pair.indexOf("=");
			const value = pair.slice(at + 1);
			if (value === "") jar.delete(pair.slice(0, at));
			else jar.set(pair.slice(0, at), value);
		}
		return response;
	}
}
