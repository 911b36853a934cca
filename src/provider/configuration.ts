/** The provider's own configuration: which server, and what speaks for the user. */
import { readFile } from "node:fs/promises";
import { buildInfo } from "../build-info.ts";
import { TacoClient } from "../client/client.ts";
import { configuredServer, defaultServer, variable } from "../client/credentials/environment.ts";
import { LocalFileError } from "../client/credentials/local-file-error.ts";
import { renewedToken } from "../client/credentials/renewal.ts";
import { resolveToken } from "../client/credentials/stored-login.ts";
import { ClientError, isClientError } from "../client/errors.ts";
import type { HttpOptions } from "../client/http.ts";
import { IdentityClient } from "../client/identity-client.ts";
import { normaliseServerUrl } from "../client/server-url.ts";
import { DomainError } from "../core/errors.ts";
import { safeText } from "../lib/safe-text.ts";
import { ProviderError } from "./plugin/diagnostic.ts";
import type { Attributes, PlainMap } from "./plugin/schema.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What the resources work with. */
export interface Api {
	readonly units: TacoClient;
	readonly identity: IdentityClient;
	/** Null: the server's default one. */
	readonly organization: string | null;
}

export const configurationAttributes: Attributes = {
	endpoint: {
		type: "string",
		mode: "optional",
		description:
			"The server's address. Otherwise `OPENTACO_ENDPOINT`, `OPENTACO_SERVER`, what `taco` has in its config file, or `http://localhost:8080`.",
		check: (value) => addressFault(String(value)),
	},
	organization: {
		type: "string",
		mode: "optional",
		description:
			"The organization that everything here belongs to. Otherwise `OPENTACO_ORG`, or the default organization.",
	},
	token: {
		type: "string",
		mode: "optional",
		sensitive: true,
		description:
			"An access token or API token. Otherwise `OPENTACO_TOKEN`, what `terraform login` stored, or what `taco login` stored.",
	},
	ca_file: {
		type: "string",
		mode: "optional",
		description:
			"A PEM file with the authority that signed the server's certificate. Otherwise `OPENTACO_CA_CERT`; without either, the machine's own authorities alone.",
	},
};

function addressFault(text: string): string | null {
	try {
		normaliseServerUrl(text);
		return null;
	} catch (error) {
		return error instanceof ClientError ? sentences(error.message, error.hint) : "It is no URL.";
	}
}

/** Tokens that have been in use, so that none can ever stand in a message. */
const secrets = new Set<string>();

/** Clients for the configuration. @throws ProviderError, ClientError, LocalFileError. */
export async function configure(config: PlainMap, env: Env): Promise<Api> {
	const serverUrl = normaliseServerUrl(
		text(config.endpoint) ??
			variable(env, "OPENTACO_ENDPOINT") ??
			variable(env, "OPENTACO_SERVER") ??
			(await configuredServer(env)) ??
			defaultServer,
	);
	const organization = text(config.organization) ?? variable(env, "OPENTACO_ORG");
	const options: HttpOptions = {
		serverUrl,
		organization,
		agent: `terraform-provider-opentaco/${buildInfo.version}`,
		ca: await authorities(text(config.ca_file), env),
	};
	const token = text(config.token) ?? (await storedToken(options, env));
	if (typeof token === "string") keepSecret(token);
	const withToken = { ...options, token };
	return {
		units: new TacoClient(withToken),
		identity: new IdentityClient(withToken),
		organization: organization ?? null,
	};
}

/** A token that was found; that of a login is renewed as often as a long run needs it. */
async function storedToken(
	options: HttpOptions,
	env: Env,
): Promise<string | (() => Promise<string>) | undefined> {
	const found = await resolveToken(env, options.serverUrl);
	if (found?.isOwn !== true) return found?.value;
	const { signal } = new AbortController();
	const renewing = { env, signal, client: async () => new IdentityClient(options) };
	let current = found.value;
	let underWay: Promise<string> | null = null;
	const renew = async () => {
		try {
			current = await renewedToken(renewing, options.serverUrl, current);
			keepSecret(current);
			return current;
		} finally {
			underWay = null;
		}
	};
	// Requests at the same time renew once.
	return () => (underWay ??= renew());
}

async function authorities(file: string | undefined, env: Env): Promise<string[] | undefined> {
	const path = file ?? variable(env, "OPENTACO_CA_CERT");
	if (path === undefined) return undefined;
	let own: string;
	try {
		own = await readFile(path, "utf8");
	} catch {
		throw new ProviderError(
			"The file of authorities cannot be read",
			`${path} cannot be read.`,
			file === undefined ? undefined : "ca_file",
		);
	}
	if (!own.includes("-----BEGIN CERTIFICATE-----")) {
		throw new ProviderError(
			"The file of authorities holds no certificate",
			`${path} holds no PEM certificate.`,
			file === undefined ? undefined : "ca_file",
		);
	}
	const { getCACertificates } = await import("node:tls");
	return [...getCACertificates("default"), own];
}

function text(value: PlainMap[string] | undefined): string | undefined {
	return typeof value === "string" && value !== "" ? value : undefined;
}

/** A secret that the provider has seen: it will not appear in any message. */
export function keepSecret(secret: string): void {
	if (secret !== "") secrets.add(secret);
}

/** A failure as the user should read it; no secret stands in it, and nothing that moves the cursor. */
export function explain(error: unknown): { summary: string; detail: string } {
	const { summary, detail } = described(error);
	return { summary: shown(summary), detail: detail.split("\n").map(shown).join("\n") };
}

function shown(line: string): string {
	return safeText(withoutSecrets(line));
}

const address = "the address in endpoint or OPENTACO_ENDPOINT";

/** What to do, where the client's own words are those of the command line. */
const hints: Readonly<Record<string, string>> = {
	server_unreachable: `Check that it runs, and ${address}.`,
	invalid_response: `Check ${address}.`,
	redirected: "Redirects are not followed, so that the token stays here: use that address.",
	tls_failed: `Name the authority's file in ca_file or OPENTACO_CA_CERT, or check ${address}.`,
	request_timeout: "Try again. If it is always so, the server's log says more.",
	outcome_unknown:
		"Plan again: it shows whether the change was made. What was created after all can be imported.",
};

function described(error: unknown): { summary: string; detail: string } {
	if (error instanceof ProviderError) return { summary: error.message, detail: error.detail };
	if (isClientError(error, "unauthenticated")) {
		return {
			summary: "The server does not accept the token",
			detail:
				"Set token in the provider's configuration or OPENTACO_TOKEN, or run taco login for this server.",
		};
	}
	if (error instanceof ClientError) {
		const id = error.requestId === null ? "" : ` (request id ${error.requestId})`;
		const hint = hints[error.code] ?? capital(error.hint);
		return { summary: capital(error.message), detail: `${hint}${id}`.trim() };
	}
	if (error instanceof DomainError || error instanceof LocalFileError) {
		return { summary: capital(error.message), detail: capital(error.hint) };
	}
	return {
		summary: "The provider failed",
		detail: `This is a fault of the provider: ${error instanceof Error ? error.message : "unknown"}`,
	};
}

function withoutSecrets(text: string): string {
	let clean = text;
	for (const secret of secrets) clean = clean.replaceAll(secret, "(secret)");
	return clean;
}

function sentences(...parts: readonly string[]): string {
	return parts
		.filter((part) => part !== "")
		.map((part) => `${capital(part)}.`)
		.join(" ");
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
