import { type NewLogin, resolveToken, storeLogin } from "../../client/credentials/stored-login.ts";
import { isClientError } from "../../client/errors.ts";
import { command } from "../command.ts";
import type { Cli } from "../context.ts";
import { CliError, usageError } from "../errors.ts";
import { ciIdToken } from "../login/ci-login.ts";
import type { ProviderFlags } from "../login/provider-login.ts";
import { loginByBrowser, loginByDevice, providerSettings } from "../login/provider-login.ts";
import { loginAtServer } from "../login/server-login.ts";

const pipedTokenBytesMax = 64 * 1024;
const defaultCallbackPort = 8585;

const flags = {
	token: {
		type: "string",
		valueHint: "TOKEN",
		description: "Store this token; - reads it from stdin",
	},
	"id-token": {
		type: "string",
		valueHint: "TOKEN",
		description: "Trade this ID token of the identity provider; - reads it from stdin",
	},
	ci: { type: "boolean", description: "Log in as the CI job that this runs in, without a secret" },
	audience: {
		type: "string",
		valueHint: "URL",
		description: "What --ci asks the CI system's token for; the server's address by default",
	},
	device: { type: "boolean", description: "Log in with a code on another device" },
	"url-only": { type: "boolean", description: "Print the address and open no browser" },
	"force-login": { type: "boolean", description: "Have the provider ask for the password again" },
	issuer: {
		type: "string",
		valueHint: "URL",
		description: "Identity provider; the server's by default",
	},
	"client-id": { type: "string", valueHint: "ID", description: "Client id at the provider" },
	scopes: { type: "string", valueHint: "SCOPES", description: "Scopes to ask the provider for" },
	"auth-url": { type: "string", valueHint: "URL", description: "Its authorization endpoint" },
	"token-url": { type: "string", valueHint: "URL", description: "Its token endpoint" },
	"callback-port": {
		type: "string",
		valueHint: "PORT",
		description: "Where the provider sends the browser back to; 8585 by default",
	},
	"skip-check": { type: "boolean", description: "Store a token without asking the server" },
} as const;

export default command({
	details:
		"Without a flag this opens the browser: at the identity provider, or at the server's own login\npage. What comes of it is stored in $XDG_CONFIG_HOME/opentaco/credentials.json (by default\n~/.config/opentaco), which only you can read, and is renewed by itself. After `terraform login`\nno login is needed here. A token in the command line can be seen by everybody on the machine and\nstays in the history: give it on stdin.",
	examples: [
		"taco login --server https://taco.example.com",
		"taco login --token - < token.txt",
		"taco login --ci",
	],
	args: flags,
	async run(cli, args) {
		const { url } = await cli.server();
		if (url.startsWith("http://") && !isLoopback(url)) {
			await cli.output.warn(`the token travels unencrypted to ${url}`);
		}
		const login = await obtain(cli, {
			...args,
			isFresh: args["force-login"] === true,
			opens: args["url-only"] !== true,
			provider: {
				issuer: args.issuer,
				clientId: args["client-id"],
				scopes: args.scopes,
				authUrl: args["auth-url"],
				tokenUrl: args["token-url"],
			},
		});
		if (args["skip-check"] !== true) await check(cli, login.accessToken);
		const path = await storeLogin(cli.io.env, url, login);
		const used = await resolveToken(cli.io.env, url);
		if (used !== null && !used.isOwn) {
			await cli.output.warn(`${used.source} is set and is used instead of the stored token`);
		}
		await cli.output.result(`Logged in to ${url}`, { server: url, credentials: path });
	},
});

interface Wanted {
	readonly token?: string | undefined;
	readonly "id-token"?: string | undefined;
	readonly ci?: boolean | undefined;
	readonly audience?: string | undefined;
	readonly device?: boolean | undefined;
	readonly "url-only"?: boolean | undefined;
	readonly "callback-port"?: string | undefined;
	readonly isFresh: boolean;
	readonly opens: boolean;
	readonly provider: ProviderFlags;
}

async function obtain(cli: Cli, wanted: Wanted): Promise<NewLogin> {
	if (wanted.token !== undefined) return stored(await textOf(cli, wanted.token));
	if (wanted["id-token"] !== undefined) {
		return await exchange(cli, await textOf(cli, wanted["id-token"]), null);
	}
	if (wanted.ci === true) {
		const audience = wanted.audience ?? (await cli.server()).url;
		return await exchange(cli, await ciIdToken(cli, audience), null);
	}
	const client = await cli.identityClientFor(undefined);
	const config = await client.loginConfig({ signal: cli.signal });
	const hasFlags = wanted.provider.issuer !== undefined || wanted.provider.authUrl !== undefined;
	if (wanted.device === true) {
		const settings = await providerSettings(config, wanted.provider, cli.signal);
		const { idToken, nonce } = await loginByDevice(cli, settings);
		return await exchange(cli, idToken, nonce);
	}
	const canBrowse = cli.interactive || wanted["url-only"] === true;
	if (canBrowse && (config?.login === "provider" || hasFlags)) {
		const settings = await providerSettings(config, wanted.provider, cli.signal);
		const port = portOf(wanted["callback-port"]);
		const { idToken, nonce } = await loginByBrowser(cli, settings, { ...wanted, port });
		return await exchange(cli, idToken, nonce);
	}
	if (canBrowse && config?.login === "server") return await loginAtServer(cli, wanted);
	return stored(await promptedToken(cli));
}

async function exchange(cli: Cli, idToken: string, nonce: string | null): Promise<NewLogin> {
	const client = await cli.identityClientFor(undefined);
	const pair = await client.exchange(idToken, nonce, { signal: cli.signal });
	return { accessToken: pair.access_token, refreshToken: pair.refresh_token ?? "" };
}

/** Fails when the server does not take the token. */
async function check(cli: Cli, token: string): Promise<void> {
	const client = await cli.clientFor(token);
	try {
		await client.listUnits({ unitsMax: 1 }, { signal: cli.signal });
	} catch (error) {
		// A token that is known and may not list is a token all the same.
		if (!isClientError(error, "forbidden")) throw error;
	}
}

function stored(token: string): NewLogin {
	return { accessToken: token, refreshToken: "" };
}

async function textOf(cli: Cli, flag: string): Promise<string> {
	return cleaned(flag === "-" ? await readPiped(cli) : flag);
}

async function promptedToken(cli: Cli): Promise<string> {
	if (!cli.interactive) {
		throw usageError(
			"taco login needs a token",
			"write it to stdin: taco login --token - < token.txt; or use --ci, --device or --url-only",
		);
	}
	await cli.io.err.write("Token: ");
	const line = await cli.io.in.readLine({ hidden: true, signal: cli.signal });
	await cli.io.err.write("\n");
	return cleaned(line ?? "");
}

function cleaned(text: string): string {
	const token = text.trim();
	if (token === "") throw new CliError("no_token", "the token is empty");
	return token;
}

async function readPiped(cli: Cli): Promise<string> {
	let text = "";
	const decoder = new TextDecoder();
	for await (const chunk of cli.io.in.stream()) {
		text += decoder.decode(chunk, { stream: true });
		if (text.length > pipedTokenBytesMax)
			throw usageError("what is on stdin is too long for a token");
	}
	return text;
}

function portOf(text: string | undefined): number {
	if (text === undefined) return defaultCallbackPort;
	const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
	if (port < 1 || port > 65_535) throw usageError("--callback-port must be a port, 1 to 65535");
	return port;
}

function isLoopback(url: string): boolean {
	const { hostname } = new URL(url);
	return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
}
