import { command } from "../command.ts";
import { removeToken } from "../credentials.ts";

export default command({
	details: "The token itself stays valid: whoever else has it can go on using it.",
	args: {},
	async run(cli) {
		const { url } = await cli.server();
		const removed = await removeToken(cli.io.env, url);
		await cli.output.result(removed ? `Logged out of ${url}` : `Not logged in to ${url}`, {
			server: url,
			removed,
		});
		if (cli.io.env.OPENTACO_TOKEN) {
			await cli.output.warn("OPENTACO_TOKEN is still set and will be used");
		}
	},
});
