import {
	type NewLogin,
	readProfile,
	removeToken,
	resolveToken,
} from "../../client/credentials/stored-login.ts";
import { isClientError } from "../../client/errors.ts";
import { command } from "../command.ts";
import type { Cli } from "../context.ts";
import { removeS3Cache } from "../s3-credentials-cache.ts";

export default command({
	details:
		"The stored login is ended on the server as well, so that a copy of its token is worth nothing\nafterwards: at once on the server that is asked, within seconds on others. The admin token itself\nstays valid. What `terraform login` has stored is Terraform's: `terraform logout` forgets it, and\n`taco token revoke` revokes it.",
	args: {
		local: { type: "boolean", description: "Forget it here only, without asking the server" },
	},
	async run(cli, args) {
		const { url } = await cli.server();
		const profile = await readProfile(cli.io.env, url);
		const isRevoked = profile !== null && args.local !== true && (await revoke(cli, profile));
		const removed = await removeToken(cli.io.env, url);
		await removeS3Cache(cli.io.env, Number.POSITIVE_INFINITY);
		await cli.output.result(removed ? `Logged out of ${url}` : `Not logged in to ${url}`, {
			server: url,
			removed,
			revoked: isRevoked,
		});
		const left = await resolveToken(cli.io.env, url);
		if (left !== null) await cli.output.warn(`${left.source} is still set and will be used`);
	},
});

/** True when the server has ended it. What the server does not know needs no end. */
async function revoke(cli: Cli, profile: NewLogin): Promise<boolean> {
	try {
		if (profile.refreshToken !== "") {
			const client = await cli.identityClientFor(undefined);
			await client.revoke(profile.refreshToken, { signal: cli.signal });
			return true;
		}
		const client = await cli.identityClientFor(profile.accessToken);
		await client.logout({ signal: cli.signal });
		return true;
	} catch (error) {
		if (!isClientError(error)) throw error;
		// The admin token, an expired one, or an older server: there is no login to end.
		if (error.status !== null && error.status < 500 && error.status !== 429) return false;
		await cli.output.warn(
			`the server could not be asked to end the login (${error.message}); its token stays valid until it expires`,
		);
		return false;
	}
}
