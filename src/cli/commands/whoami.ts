import { createHash } from "node:crypto";
import type { Me } from "../../api/identity.ts";
import type { ServerInfo } from "../../api/units.ts";
import { type ClientError, isClientError } from "../../client/errors.ts";
import { command } from "../command.ts";
import type { Cli } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";

export default command({
	details:
		"Exit code 0 when the server accepts the token (or asks for none), 5 when it does not. The token\nis never shown, only the start of its SHA-256.",
	args: {},
	async run(cli) {
		const server = await cli.server();
		const client = await cli.client();
		const token = cli.clientToken;
		const refusal = await check(cli);
		const info = refusal === null ? await infoOf(cli) : null;
		const me = refusal === null ? await meOf(cli) : null;
		const accepted = refusal === null;
		const fingerprint =
			token === null ? null : createHash("sha256").update(token.value).digest("hex").slice(0, 12);
		if (cli.output.json) {
			await cli.output.document({
				server: client.serverUrl,
				server_from: server.source,
				server_version: info?.version ?? null,
				storage: info?.storage ?? null,
				subject: me?.subject ?? null,
				email: me?.email || null,
				groups: me?.groups ?? [],
				credential: me?.credential ?? null,
				token_from: token?.source ?? null,
				token_sha256: fingerprint,
				accepted,
			});
		} else {
			const from = token === null ? "none" : `${token.source} (sha256 ${fingerprint})`;
			await cli.output.line(`Server:   ${server.url} (${server.source})`);
			if (info !== null) {
				await cli.output.line(`Version:  ${info.version}, storage ${info.storage.type}`);
			}
			if (me !== null) {
				const email = me.email === "" ? "" : ` <${me.email}>`;
				await cli.output.line(`You are:  ${me.subject}${email}, by ${me.credential}`);
			}
			await cli.output.line(`Token:    ${from}`);
			await cli.output.line(`Accepted: ${accepted ? "yes" : `no (${refusal.message})`}`);
		}
		return accepted ? exitCodes.ok : exitCodes.notPermitted;
	},
});

/** Null when the server takes the token; it may still forbid to list. */
async function check(cli: Cli): Promise<ClientError | null> {
	const client = await cli.client();
	try {
		await client.listUnits({ unitsMax: 1 }, { signal: cli.signal });
		return null;
	} catch (error) {
		if (isClientError(error, "forbidden")) return null;
		if (isClientError(error, "unauthenticated")) return error;
		throw error;
	}
}

/** Null when the server is older than this question. */
async function meOf(cli: Cli): Promise<Me | null> {
	try {
		return await (await cli.identityClient()).me({ signal: cli.signal });
	} catch (error) {
		if (isClientError(error) && error.status === 404) return null;
		throw error;
	}
}

async function infoOf(cli: Cli): Promise<ServerInfo | null> {
	try {
		return await (await cli.client()).info({ signal: cli.signal });
	} catch (error) {
		if (isClientError(error, "forbidden")) return null;
		throw error;
	}
}
