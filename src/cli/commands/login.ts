import { isClientError } from "../../client/errors.ts";
import { command } from "../command.ts";
import type { Cli } from "../context.ts";
import { storeToken } from "../credentials.ts";
import { CliError, usageError } from "../errors.ts";

const pipedTokenBytesMax = 64 * 1024;

export default command({
	details:
		"The token is checked against the server and stored in $XDG_CONFIG_HOME/opentaco/credentials.json\n(by default ~/.config/opentaco), which only you can read. Give it on stdin or at the prompt: a\ntoken in the command line can be seen by everybody on the machine and stays in the history.",
	examples: ["taco login", "taco login --server https://taco.example.com --token - < token.txt"],
	args: {
		token: { type: "string", valueHint: "TOKEN", description: "The token; - reads it from stdin" },
		"skip-check": { type: "boolean", description: "Store it without asking the server" },
	},
	async run(cli, args) {
		const { url } = await cli.server();
		const token = await tokenOf(cli, args.token);
		const client = await cli.clientFor(token);
		if (url.startsWith("http://") && !isLoopback(url)) {
			await cli.output.warn(`the token travels unencrypted to ${url}`);
		}
		if (args["skip-check"] !== true) {
			try {
				await client.listUnits({ unitsMax: 1 }, { signal: cli.signal });
			} catch (error) {
				// A token that is known and may not list is a token all the same.
				if (!isClientError(error, "forbidden")) throw error;
			}
		}
		const path = await storeToken(cli.io.env, url, token);
		if (cli.io.env.OPENTACO_TOKEN) {
			await cli.output.warn("OPENTACO_TOKEN is set and is used instead of the stored token");
		}
		await cli.output.result(`Logged in to ${url}`, { server: url, credentials: path });
	},
});

async function tokenOf(cli: Cli, flag: string | undefined): Promise<string> {
	if (flag !== undefined && flag !== "-") return cleaned(flag);
	if (flag === "-") return cleaned(await readPiped(cli));
	if (!cli.interactive) {
		throw usageError(
			"taco login needs a token",
			"write it to stdin: taco login --token - < token.txt",
		);
	}
	await cli.io.err.write("Token: ");
	const line = await cli.io.in.readLine({ hidden: true, signal: cli.signal });
	await cli.io.err.write("\n");
	if (line === null) throw new CliError("declined", "no token was given");
	return cleaned(line);
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

function isLoopback(url: string): boolean {
	const { hostname } = new URL(url);
	return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
}
