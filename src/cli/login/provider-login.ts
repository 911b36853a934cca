/** Logs in at the identity provider itself, as a public client: by browser, or by device code. */
import type { LoginConfig } from "../../api/identity.ts";
import { askOAuth } from "../../client/oauth-endpoint.ts";
import type { Cli } from "../context.ts";
import { showAddress } from "./browser.ts";
import { challengeOf, failed, listenForCode, randomText } from "./loopback.ts";

export interface ProviderSettings {
	readonly issuer: string;
	readonly clientId: string;
	readonly scopes: string;
	readonly authorizationUrl: string;
	readonly tokenUrl: string;
	readonly deviceUrl: string | null;
}

export interface ProviderFlags {
	readonly issuer?: string | undefined;
	readonly clientId?: string | undefined;
	readonly scopes?: string | undefined;
	readonly authUrl?: string | undefined;
	readonly tokenUrl?: string | undefined;
}

export interface IdToken {
	readonly idToken: string;
	readonly nonce: string | null;
}

/** What the server tells, with the flags before it and the provider's discovery behind. */
export async function providerSettings(
	config: LoginConfig | null,
	flags: ProviderFlags,
	signal: AbortSignal,
): Promise<ProviderSettings> {
	const issuer = flags.issuer ?? config?.issuer ?? "";
	const clientId = flags.clientId ?? config?.client_id ?? "";
	if (issuer === "" || clientId === "") {
		throw failed(
			"the server names no identity provider",
			"name one with --issuer and --client-id, or use --token",
		);
	}
	const isServers = issuer === config?.issuer;
	let authorizationUrl = flags.authUrl ?? (isServers ? config?.authorization_endpoint : undefined);
	let tokenUrl = flags.tokenUrl ?? (isServers ? config?.token_endpoint : undefined);
	let deviceUrl = isServers ? config?.device_authorization_endpoint : undefined;
	if (authorizationUrl === undefined || tokenUrl === undefined) {
		const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
		const { body } = await askOAuth({ url, signal });
		const named = (name: string) =>
			typeof body[name] === "string" ? String(body[name]) : undefined;
		authorizationUrl ??= named("authorization_endpoint");
		tokenUrl ??= named("token_endpoint");
		deviceUrl ??= named("device_authorization_endpoint");
	}
	if (authorizationUrl === undefined || tokenUrl === undefined) {
		throw failed(
			"the identity provider does not tell its endpoints",
			"use --auth-url and --token-url",
		);
	}
	return {
		issuer,
		clientId,
		authorizationUrl,
		tokenUrl,
		deviceUrl: deviceUrl ?? null,
		scopes: flags.scopes ?? (config?.scopes || "openid profile email"),
	};
}

/** By the browser, with PKCE and a nonce. */
export async function loginByBrowser(
	cli: Cli,
	settings: ProviderSettings,
	options: { readonly port: number; readonly isFresh: boolean; readonly opens: boolean },
): Promise<IdToken> {
	const [state, nonce, verifier] = [randomText(), randomText(), randomText()];
	const loopback = listenForCode([options.port], state, cli.signal);
	try {
		const url = new URL(settings.authorizationUrl);
		const parameters = {
			response_type: "code",
			client_id: settings.clientId,
			redirect_uri: loopback.redirectUri,
			scope: settings.scopes,
			state,
			nonce,
			code_challenge: challengeOf(verifier),
			code_challenge_method: "S256",
			...(options.isFresh ? { prompt: "login", max_age: "0" } : {}),
		};
		for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
		await showAddress(cli, url.href, options.opens);
		const idToken = await idTokenFor(cli, settings.tokenUrl, {
			grant_type: "authorization_code",
			client_id: settings.clientId,
			code: await loopback.code,
			redirect_uri: loopback.redirectUri,
			code_verifier: verifier,
		});
		if (typeof idToken !== "string")
			throw failed(`the identity provider refused: ${idToken.error}`);
		return { idToken, nonce };
	} finally {
		loopback.stop();
	}
}

/** By a code that the user types in on another device (RFC 8628). */
export async function loginByDevice(cli: Cli, settings: ProviderSettings): Promise<IdToken> {
	const { clientId, scopes, deviceUrl, tokenUrl } = settings;
	if (deviceUrl === null) {
		throw failed("the identity provider has no device login", "use --token or --id-token");
	}
	const { body } = await askOAuth({
		url: deviceUrl,
		form: { client_id: clientId, scope: scopes },
		signal: cli.signal,
	});
	const { device_code, user_code, verification_uri, verification_uri_complete } = body;
	if (typeof device_code !== "string" || typeof verification_uri !== "string") {
		throw failed("the identity provider refused a device login", "use --token or --id-token");
	}
	const address =
		typeof verification_uri_complete === "string" ? verification_uri_complete : verification_uri;
	await cli.output.note(`Open ${address} and enter the code ${String(user_code)}`);
	let intervalMs = secondsOf(body.interval, 5) * 1000;
	const endsAt = performance.now() + secondsOf(body.expires_in, 300) * 1000;
	while (performance.now() < endsAt) {
		await sleep(intervalMs, cli.signal);
		const idToken = await idTokenFor(cli, tokenUrl, {
			grant_type: "urn:ietf:params:oauth:grant-type:device_code",
			client_id: clientId,
			device_code,
		});
		if (typeof idToken === "string") return { idToken, nonce: null };
		if (idToken.error === "slow_down") intervalMs += 5000;
		else if (idToken.error !== "authorization_pending") {
			throw failed(`the identity provider refused: ${idToken.error}`);
		}
	}
	throw failed("nobody entered the code in time");
}

function secondsOf(value: unknown, fallback: number): number {
	return typeof value === "number" && value > 0 && value <= 3600 ? value : fallback;
}

async function idTokenFor(
	cli: Cli,
	url: string,
	form: Readonly<Record<string, string>>,
): Promise<string | { readonly error: string }> {
	const { body } = await askOAuth({ url, form, signal: cli.signal });
	if (typeof body.id_token === "string") return body.id_token;
	const { error } = body;
	return { error: typeof error === "string" ? error.slice(0, 100) : "it gave no ID token" };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener(
			"abort",
			() => {
				clearTimeout(timer);
				reject(failed("interrupted", ""));
			},
			{ once: true },
		);
	});
}
